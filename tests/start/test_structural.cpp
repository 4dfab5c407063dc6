// Schemes that depend on where a layer stands: ZerO, SIREN, muP, Fixup, ReZero.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"

using namespace fanin;

namespace {

nn::ModulePtr born(const std::string& model, const std::string& plan) {
  auto net = models::build(model, {});
  Generator generator(5);
  start::initialize(*net, plan, generator);
  return net;
}

Tensor filled(const std::string& scheme, const Shape& shape) {
  Tensor w(shape);
  Generator generator(0);
  init::parse(scheme).fill(w, generator);
  return w;
}

double deviation(nn::Module& model, const std::string& name) {
  return moments(model.parameter(name)->value.values()).std;
}

double largest(nn::Module& model, const std::string& name) {
  double most = 0;
  for (const real x : model.parameter(name)->value.values())
    most = std::max(most, static_cast<double>(std::abs(x)));
  return most;
}

}  // namespace

TEST_CASE("zero_o: identities, Hadamard matrices where a layer widens, kernels at their centre") {
  CHECK(filled("zero_o", {2, 2}).to_vector() == std::vector<real>{1, 0, 0, 1});
  CHECK(filled("zero_o", {2, 3}).to_vector() == std::vector<real>{1, 0, 0, 0, 1, 0});
  const auto h = static_cast<real>(std::sqrt(0.5));  // m = 2: c = 2^(-1/2)
  CHECK(filled("zero_o", {3, 2}).to_vector() == std::vector<real>{h, h, h, -h, h, h});
  const real half = 0.5;  // the authors' program: c = 2^(-2/2)
  CHECK(filled("zero_o(scale=code)", {4, 2}).to_vector() ==
        std::vector<real>{half, half, half, -half, half, half, half, -half});
  const Tensor kernel = filled("hadamard", {2, 2, 3, 3});
  for (Index i = 0; i < kernel.numel(); ++i) CHECK(kernel.data()[i] == real(i == 4 || i == 31 ? 1 : 0));
  const auto net = born("resnet_small(width=4)", "zero_o");
  CHECK(largest(*net, "layer1.0.conv1.weight") == 1);
  CHECK(largest(*net, "layer1.0.conv2.weight") == 0);  // each block starts as its shortcut
}

TEST_CASE("siren: the first layer's bound is 1/n, the others' √(6/n)/ω") {
  const auto net = born("mlp(hidden=64-64)", "siren(omega=20)");
  CHECK(largest(*net, "fc1.weight") <= 1.0 / 784);
  CHECK(largest(*net, "fc1.weight") > 0.99 / 784);
  for (const char* name : {"fc2.weight", "fc3.weight"}) {
    CHECK(largest(*net, name) <= std::sqrt(6.0 / 64) / 20 * 1.000001);
    CHECK(largest(*net, name) > std::sqrt(6.0 / 64) / 20 * 0.98);
  }
  CHECK(largest(*net, "fc2.bias") <= 1.0 / 8);
  CHECK(largest(*net, "fc2.bias") > 0);
}

TEST_CASE("mup: the last layer shrinks with width, and is the standard one at base_width") {
  const auto narrow = born("mlp(hidden=64-64)", "mup"), wide = born("mlp(hidden=1024-1024)", "mup");
  CHECK(deviation(*narrow, "fc1.weight") == doctest::Approx(std::sqrt(2.0 / 784)).epsilon(0.03));
  CHECK(deviation(*narrow, "fc3.weight") == doctest::Approx(std::sqrt(2.0 / 64)).epsilon(0.1));
  CHECK(deviation(*wide, "fc2.weight") == doctest::Approx(std::sqrt(2.0 / 1024)).epsilon(0.01));
  CHECK(deviation(*wide, "fc3.weight") == doctest::Approx(std::sqrt(2.0 * 64) / 1024).epsilon(0.03));
}

TEST_CASE("fixup: branches scaled by L^(-1/(2m-2)), their last layers and the model's zero") {
  const std::string model = "resnet_small(blocks=3, width=8, batch_norm=false)";  // L = 9, m = 2
  const auto net = born(model, "fixup"), plain = born(model, "kaiming_normal");
  const double he = std::sqrt(2.0 / (8 * 9));
  CHECK(deviation(*plain, "layer1.1.conv1.weight") == doctest::Approx(he).epsilon(0.1));
  CHECK(deviation(*net, "layer1.1.conv1.weight") == doctest::Approx(he / 3).epsilon(0.1));
  CHECK(deviation(*net, "conv1.weight") == deviation(*plain, "conv1.weight"));
  CHECK(largest(*net, "layer2.0.downsample.0.weight") > 0);
  for (const char* zero : {"layer1.0.conv2.weight", "layer3.2.conv2.weight", "fc.weight", "fc.bias"})
    CHECK(largest(*net, zero) == 0);
  CHECK(holds(message([] { born("lenet", "fixup"); }), "finds no residual branch"));
}

TEST_CASE("rezero: branch scales start at alpha, and a block then passes its input on") {
  const std::string model = "resnet_small(width=4, batch_norm=false, branch_scale=true)";
  const auto net = born(model, "rezero"), plain = born(model, "kaiming_normal");
  CHECK(net->parameter("layer1.0.branch_weight")->value.item() == 0);
  CHECK(plain->parameter("layer1.0.branch_weight")->value.item() == 1);
  CHECK(net->parameter("layer1.0.branch_weight")->drawn_by == init::rezero());
  CHECK(net->parameter("layer1.0.conv1.weight")->value.to_vector() ==
        plain->parameter("layer1.0.conv1.weight")->value.to_vector());
  CHECK(born(model, "skipinit(alpha=0.5)")->parameter("layer3.0.branch_weight")->value.item() == real(0.5));
  CHECK(born(model, "orthogonal; *.branch_weight=constant(0.2)")
            ->parameter("layer2.0.branch_weight")
            ->value.item() == real(0.2));
  CHECK(holds(message([] { born("resnet_small(width=4)", "rezero"); }),
              "no residual branch with a learnable scale"));
  std::vector<Tensor> seen;
  const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
    if (module.kind() == "Residual" || seen.empty()) seen.push_back(out.detach());
  });
  (*net)(Tensor::ones({1, 1, 28, 28}));
  CHECK(seen.size() == 4);
}

TEST_CASE("structural: printed, parsed and compared like any other") {
  for (const char* text :
       {"lsuv(target=2, base=kaiming_normal(mode=fan_out))", "krahenbuhl(base=xavier_uniform)", "zero_o",
        "siren(omega=10)", "mup(base_width=128)", "fixup(base=orthogonal(gain=2))", "rezero(alpha=0.1)"}) {
    CHECK(init::parse(text).to_string() == text);
    CHECK(init::Plan::parse(std::string("conv*=") + text).to_string() == std::string("conv*=") + text);
  }
  CHECK(init::parse("hadamard") == init::zero_o());
  CHECK(init::parse("siren(10)") == init::siren({.omega = 10}));
  CHECK_FALSE(init::parse("lsuv(base=zeros)") == start::lsuv());
  CHECK(holds(message([] { init::parse("lsuv(base=othogonal)"); }), "did you mean 'orthogonal'"));
  CHECK(holds(message([] { init::parse("lsuv(base=lsuv)"); }), "must be a scheme that needs no data"));
  CHECK(holds(message([] { init::parse("siren(omega=0)"); }), "omega"));
  CHECK(holds(message([] { filled("lsuv", {4, 4}); }), "batch of training data"));
  CHECK(holds(message([] { filled("fixup", {4, 4}); }), "place in its model"));
}

TEST_CASE("siren: in a sine net every layer's signal has the same spread, about √(1/2)") {
  const auto net = models::build("plain_net(depth=6, width=256, activation=sine)",
                                 {.channels = 1, .height = 1, .width = 2});
  Generator generator(5);
  start::initialize(*net, "siren", generator);
  Tensor coordinates({256, 1, 1, 2});
  generator.uniform(coordinates.values(), -1, 1);
  std::vector<double> spreads;
  {
    const NoGrad no_grad;
    const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
      if (nn::activation_of(module)) spreads.push_back(moments(out.values()).std);
    });
    (*net)(coordinates);
  }
  REQUIRE(spreads.size() == 6);
  for (const double spread : spreads) CHECK(spread == doctest::Approx(std::sqrt(0.5)).epsilon(0.1));
}

TEST_CASE("a scheme that adjusts another's draw takes no such scheme for its base, and says where") {
  const auto refused = [](const char* text, const char* part) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(init::Plan::parse(text), doctest::Contains(part), Error);
  };
  refused("fixup(base=fixup)",
          "must be a scheme that draws by itself, and 'fixup' adjusts another one's draw, at character 12");
  refused("conv1=zeros; rezero(base=fixup(base=orthogonal))", "at character 26");
  refused("lsuv(base=skipinit)", "'rezero' adjusts");
  refused("fixup(rezero)", "at character 7");
  refused("fixup(base=lsuv)", "needs no data");
  refused("fixup(base=kaiming_nromal)", "kaiming_normal");
  refused("fixup(base=kaiming_nromal)", "at character 12 of 'fixup(");
  CHECK_THROWS_WITH_AS(init::fixup({.base = "rezero"}), doctest::Contains("draws by itself"), Error);
  CHECK(init::parse("fixup(base=mup)").to_string() == "fixup(base=mup)");
}
