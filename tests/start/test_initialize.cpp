// A parameter gets values exactly once: by a draw, or by a load.
#include <doctest/doctest.h>

#include <fanin/core/error.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

nn::Sequential two_layers() {
  return nn::Sequential("fc1", nn::Linear(6, 5), "act", nn::ReLU(), "fc2", nn::Linear(5, 3));
}

std::vector<std::vector<real>> values(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& one : model.named_parameters()) all.push_back(one.parameter->value.to_vector());
  return all;
}

}  // namespace

TEST_CASE("initialize: equal seeds draw equal weights, other seeds others") {
  auto a = two_layers(), b = two_layers(), c = two_layers();
  Generator one(5), two(5), three(6);
  start::initialize(a, one);
  start::initialize(b, two);
  start::initialize(c, three);
  CHECK(values(a) == values(b));
  CHECK(values(a) != values(c));
  CHECK(one == two);
}

TEST_CASE(
    "initialize: a second call leaves every value, and moves the generator past the slots as the first did") {
  auto model = two_layers();
  Generator generator(1);
  start::initialize(model, "kaiming_normal", generator);
  const auto before = values(model);
  for (const auto& one : start::initialize(model, generator)) CHECK(one.scheme == "kept");
  CHECK(values(model) == before);
  Generator twice(1);
  for (int i = 0; i < 2; ++i) {
    auto plain = two_layers();
    start::initialize(plain, twice);
  }
  CHECK(generator == twice);
}

TEST_CASE("initialize: never touches what was loaded") {
  auto model = two_layers();
  const auto loaded = model.parameter("fc1.weight");
  loaded->value.fill(7);
  loaded->origin = nn::Origin::loaded;
  Generator generator(1);
  const auto report = start::initialize(model, "orthogonal", generator);
  CHECK(loaded->value.to_vector() == std::vector<real>(30, 7));
  CHECK(report[0].scheme == "loaded");
  CHECK(report[0].mean == doctest::Approx(7));
  CHECK(report[0].std < 1e-12);
  CHECK(report[1].scheme == "zeros");
  CHECK(report[2].scheme == "orthogonal");
  CHECK(model.parameter("fc2.weight")->origin == nn::Origin::drawn);
}

TEST_CASE("initialize: a rule that could only speak to loaded parameters is an error") {
  auto model = two_layers();
  model.parameter("fc1.weight")->origin = nn::Origin::loaded;
  Generator generator(1);
  CHECK(holds(message([&] { start::initialize(model, "fc1.weight=zeros", generator); }), "'fc1.weight'"));
  CHECK(model.parameter("fc2.weight")->origin == nn::Origin::declared);  // nothing was drawn before the error
  CHECK_NOTHROW(start::initialize(model, "fc*.weight=zeros", generator));  // fc2's is still to be drawn
}

TEST_CASE("initialize: a rule that matches nothing names what is near, and draws nothing") {
  auto model = two_layers();
  Generator generator(1);
  const std::string text =
      message([&] { start::initialize(model, "fc1=zeros; fd2.weight=ones", generator); });
  CHECK(holds(text, "fd2.weight"));
  CHECK(holds(text, "fc2.weight"));
  CHECK(holds(text, "12"));  // the position
  CHECK(model.parameter("fc1.weight")->origin == nn::Origin::declared);
}

TEST_CASE("initialize: a scheme that cannot fill a parameter names it") {
  auto model = two_layers();
  Generator generator(1);
  CHECK(holds(message([&] { start::initialize(model, "fc2.bias=orthogonal", generator); }), "fc2.bias"));
}

TEST_CASE("initialize: the last matching rule wins, default among them") {
  auto model = two_layers();
  Generator generator(3), plain(3);
  const auto report =
      start::initialize(model, "*.weight=zeros; *.bias=constant(0.5); fc1.weight=default", generator);
  CHECK(report[0].scheme == model.parameter("fc1.weight")->init.to_string());
  CHECK(report[1].scheme == "constant(value=0.5)");
  CHECK(report[2].scheme == "zeros");
  CHECK(model.parameter("fc2.bias")->value.to_vector() == std::vector<real>(3, real(0.5)));
  auto same = two_layers();
  start::initialize(same, plain);
  CHECK(same.parameter("fc1.weight")->value.to_vector() == model.parameter("fc1.weight")->value.to_vector());
}

TEST_CASE("initialize: a layer's own initializers replace its default before the first draw") {
  nn::Sequential model(
      "a", nn::Linear({.in = 4, .out = 2, .weight_init = init::constant(2), .bias_init = init::ones()}));
  Generator generator(3), standard(3);
  start::initialize(model, generator);
  CHECK(model.parameter("a.weight")->value.to_vector() == std::vector<real>(8, 2));
  CHECK(model.parameter("a.bias")->value.to_vector() == std::vector<real>(2, 1));
  nn::Sequential plain("a", nn::Linear(4, 2));
  start::initialize(plain, standard);
  CHECK(generator == standard);  // so that layers behind it are born as they are without it
}

TEST_CASE("require_initializable: refuses what initialize would refuse, in its words, and draws nothing") {
  const auto refusal = [](const std::string& model, const std::string& plan, bool with_data = true) {
    auto tried = models::build(model, {}), drawn = models::build(model, {});
    const auto early =
        usage_message([&] { start::require_initializable(*tried, init::Plan::parse(plan), with_data); });
    for (const auto& one : tried->named_parameters()) CHECK(one.parameter->origin == nn::Origin::declared);
    if (!with_data || early == "no error") return early;
    Generator generator(0);
    const Tensor images = Tensor::ones({2, 1, 28, 28});
    const std::vector<std::int32_t> labels = {0, 1};
    CHECK(early == usage_message([&] { start::initialize(*drawn, plan, generator, images, labels); }));
    return early;
  };
  CHECK(refusal("lenet", "default") == "no error");
  CHECK(refusal("lenet", "kaiming_normal; conv2=delta_orthogonal; fc1=lsuv; fc2=metainit") == "no error");
  CHECK(holds(refusal("lenet", "conv9.weight=zeros"), "conv9.weight"));
  CHECK(holds(refusal("lenet", "fc2.bias=orthogonal"), "fc2.bias"));
  CHECK(holds(refusal("lenet", "fc1=dirac"), "fc1.weight: scheme 'dirac'"));
  CHECK(holds(refusal("lenet", "conv2=dirac(groups=7)"), "conv2.weight"));
  CHECK(holds(refusal("lenet", "fc1=lsuv(base=dirac)"), "fc1.weight"));
  CHECK(holds(refusal("lenet", "fixup"), "no residual branch"));
  CHECK(holds(refusal("lenet", "weight_selection(file=/no/such.pt)"), "/no/such.pt"));
  CHECK(holds(refusal("lenet", "fc1=lsuv", false), "fc1.weight: scheme 'lsuv' fits weights to a batch"));
}

TEST_CASE("forget: draws anew only what was asked for by name") {
  auto model = two_layers();
  Generator generator(1);
  start::initialize(model, generator);
  const auto before = values(model);
  start::forget(model, "fc2.*");
  CHECK(model.parameter("fc1.weight")->origin == nn::Origin::drawn);
  start::initialize(model, generator);
  const auto after = values(model);
  CHECK(after[0] == before[0]);
  CHECK(after[1] == before[1]);
  CHECK(after[2] != before[2]);
  CHECK(after[3] != before[3]);
  CHECK(holds(message([&] { start::forget(model, "fc3.*"); }), "fc3.*"));
}

TEST_CASE("initialize: a model used before its draw says which parameter has no values") {
  const Tensor x = Tensor::ones({2, 6});
  auto model = two_layers();
  CHECK(holds(message([&] { model(x); }), "'fc1.weight'"));
  Generator generator(1);
  start::initialize(model, generator);
  start::forget(model, "fc2.bias");
  CHECK(holds(message([&] { model(x); }), "'fc2.bias'"));
  start::initialize(model, generator);
  CHECK_NOTHROW(model(x));

  const auto deep = models::build("resnet_small(width=2)", {});
  CHECK(holds(message([&] { (*deep)(Tensor::ones({1, 1, 28, 28})); }), "'conv1.weight'"));
  start::initialize(*deep, generator);
  start::forget(*deep, "layer2.0.downsample.0.weight");
  CHECK(holds(message([&] { (*deep)(Tensor::ones({1, 1, 28, 28})); }), "'layer2.0.downsample.0.weight'"));
}
