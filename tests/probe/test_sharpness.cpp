#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/linalg/eigen.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/sharpness.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;
using doctest::Approx;

namespace {

constexpr models::InputSpec small = {.channels = 1, .height = 4, .width = 4, .classes = 10};

struct Samples {
  Tensor images{Shape{40, 1, 4, 4}};
  std::vector<std::int32_t> labels;
  explicit Samples(double std = 1) {
    Generator generator(2);
    generator.normal(images.values(), 0, std);
    for (int i = 0; i < 40; ++i) labels.push_back(i % 10);
  }
};

}  // namespace

TEST_CASE("sharpness: of a softmax regression without weights it is λ(Σ x xᵀ / N) / classes") {
  const Samples samples;
  const auto model = models::build("mlp(hidden=0)", small);
  Generator generator(1);
  start::initialize(*model, "normal(std=0.00001); *.bias=zeros", generator);
  std::vector<double> moments(17 * 17, 0);  // of a sample and a 1 for the bias
  for (std::size_t n = 0; n < 40; ++n) {
    std::vector<double> x(samples.images.data() + n * 16, samples.images.data() + (n + 1) * 16);
    x.push_back(1);
    for (std::size_t i = 0; i < 17; ++i)
      for (std::size_t j = 0; j < 17; ++j) moments[i * 17 + j] += x[i] * x[j] / 40;
  }
  const double known = linalg::symmetric_eigenvalues({17, 17, moments})[0] / 10;
  CHECK(probe::sharpness(*model, samples.images, samples.labels, {.iterations = 100}) ==
        Approx(known).epsilon(0.03));
  // a few iterations come from below, and near
  const double few = probe::sharpness(*model, samples.images, samples.labels);
  CHECK(few < known * 1.01);
  CHECK(few > known * 0.7);
}

TEST_CASE(
    "sharpness: nothing of the model changes, and threads change no bit; zeros and overflow have a word") {
  const Samples samples;
  const auto model = models::build("resnet_small(width=2)", small);
  Generator generator(1);
  start::initialize(*model, "default", generator);
  std::vector<std::vector<real>> before;
  for (const auto& [name, tensor] : model->state_dict()) before.push_back(tensor.to_vector());
  const double one = probe::sharpness(*model, samples.images, samples.labels);
  set_threads(2);
  CHECK(probe::sharpness(*model, samples.images, samples.labels) == one);
  set_threads(1);
  CHECK(one > 0);
  std::size_t i = 0;
  for (const auto& [name, tensor] : model->state_dict()) CHECK(tensor.to_vector() == before[i++]);
  CHECK_FALSE(model->parameter("fc.weight")->value.grad().defined());

  const auto plain = models::build("mlp(hidden=8)", small);
  start::initialize(*plain, "normal(std=1e30)", generator);
  CHECK(std::isnan(probe::sharpness(*plain, samples.images, samples.labels)));
  CHECK_THROWS_AS(probe::sharpness(*plain, Tensor(), {}), Error);
}
