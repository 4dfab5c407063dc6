#include <doctest/doctest.h>

#include <cmath>

#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/refine.hpp>

using namespace fanin;

TEST_CASE("metainit: the gradient quotient falls, each weight keeps its direction") {
  Tensor images(Shape{16, 1, 28, 28});
  Generator pixels(3);
  pixels.normal(images.values(), 0, 1);
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 16; ++i) labels.push_back(i % 10);
  const std::string text = "plain_net(depth=3, width=8, activation=tanh)";
  const auto fits = [](nn::Module& model) {
    std::vector<start::Fit> all;
    for (const auto& one : model.named_parameters())
      if (one.parameter->value.rank() >= 2)
        all.push_back({one.name, one.parameter.get(), one.owner, init::parse("metainit")});
    return all;
  };
  auto base = models::build(text, {}), net = models::build(text, {}), twin = models::build(text, {});
  Generator one(1), two(1), three(1);
  start::initialize(*base, "normal(std=1)", one);
  start::initialize(*net, "metainit(steps=4, base=normal)", two, images, labels);
  start::initialize(*twin, "metainit(steps=4, base=normal)", three, images, labels);
  const start::Samples samples{images, labels};
  const double before = start::gradient_quotient(*base, fits(*base), samples);
  const double after = start::gradient_quotient(*net, fits(*net), samples);
  CHECK(after < before);
  for (const auto& fit : fits(*net)) {
    const auto w = fit.parameter->value.values();
    const auto from = base->parameter(fit.name)->value.to_vector();
    const real ratio = w[0] / from[0];
    CHECK(std::abs(std::log(static_cast<double>(ratio))) <= 0.4001);
    for (std::size_t i = 0; i < w.size(); ++i) CHECK(w[i] == doctest::Approx(ratio * from[i]).epsilon(1e-4));
    CHECK(twin->parameter(fit.name)->value.to_vector() == fit.parameter->value.to_vector());
  }
}
