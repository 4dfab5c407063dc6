// An initialization that fails leaves nothing behind, one that would do nothing says so, and what has no
// values cannot be read.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/models.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/message.hpp"
#include "tests/nn/zoo.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

Tensor images(Index count) {
  Tensor x({count, 6});
  Generator(3).uniform(x.values(), -1, 1);
  return x;
}

std::vector<std::int32_t> labels(Index count) {
  std::vector<std::int32_t> all;
  for (Index i = 0; i < count; ++i) all.push_back(static_cast<std::int32_t>(i % 3));
  return all;
}

/// Two layers, and one that no forward pass runs.
class Spare final : public nn::Module {
 public:
  Spare() {
    add_child("fc1", std::make_shared<nn::Linear>(6, 5));
    add_child("spare", std::make_shared<nn::Linear>(4, 4));
    add_child("fc2", std::make_shared<nn::Linear>(5, 3));
  }
  std::string kind() const override { return "Spare"; }

 protected:
  Tensor forward(const Tensor& x) override { return (*children()[2].second)((*children()[0].second)(x)); }
};

}  // namespace

TEST_CASE(
    "initialize: one that fails leaves model and generator as they were, and the corrected plan is taken") {
  const auto model = models::build("lenet", {});
  Generator generator(4);
  const Generator before = generator;
  start::initialize(*model, "fc1=zeros", generator);
  start::forget(*model, "fc2*");
  start::forget(*model, "conv2*");
  const auto kept = model->parameter("fc1.weight")->value.to_vector();
  Generator again(4);
  CHECK(holds(message([&] { start::initialize(*model, "conv2=xavier_uniform; fc2.bias=orthogonal", again); }),
              "fc2.bias"));
  CHECK(again == before);
  for (const char* name : {"conv2.weight", "conv2.bias", "fc2.weight"}) {
    CHECK(model->parameter(name)->origin == nn::Origin::declared);
    CHECK_FALSE(model->parameter(name)->value.has_values());
    CHECK(model->parameter(name)->drawn_by == std::nullopt);
  }
  CHECK(model->parameter("fc1.weight")->value.to_vector() == kept);
  CHECK(model->parameter("fc1.weight")->drawn_by == init::zeros());
  CHECK(message([&] { start::initialize(*model, "conv2=xavier_uniform; fc2=orthogonal", again); }) ==
        "no error");
}

TEST_CASE("initialize: one whose fit fails leaves nothing behind either") {
  for (const char* plan : {"lsuv", "krahenbuhl", "fc2=lsuv"}) {
    CAPTURE(plan);
    nn::Sequential net("fc1", nn::Linear(6, 5), "act", nn::ReLU(), "fc2", nn::Linear(5, 3));
    Tensor broken = images(4);
    broken.data()[3] = std::numeric_limits<real>::infinity();
    Generator generator(2);
    const Generator before = generator;
    CHECK(message([&] { start::initialize(net, plan, generator, broken, labels(4)); }) != "no error");
    CHECK(generator == before);
    for (const auto& one : net.named_parameters()) CHECK_FALSE(one.parameter->value.has_values());
    CHECK(message([&] { start::initialize(net, plan, generator, images(4), labels(4)); }) == "no error");
  }
}

TEST_CASE("initialize: a scheme for the whole model that would draw nothing is refused, as a rule is") {
  const auto model = models::build("mlp(hidden=8)", {});
  Generator generator(1);
  start::initialize(*model, generator);
  for (const char* plan : {"kaiming_normal", "zeros", "fc1=zeros", "*.bias=ones; orthogonal"}) {
    CAPTURE(plan);
    CHECK(
        holds(usage_message([&] { start::initialize(*model, plan, generator); }), "has its values already"));
    CHECK(holds(usage_message([&] { start::require_initializable(*model, init::Plan::parse(plan), true); }),
                "forget()"));
  }
  const std::string said = "would draw nothing, as all 4 parameters have their values already";
  CHECK(holds(usage_message([&] { start::initialize(*model, "default", generator); }), said));
  CHECK(holds(usage_message([&] { start::initialize(*model, init::Plan(), generator); }), said));
  CHECK(holds(usage_message([&] {
                start::initialize(*model, {{"fc1", init::zeros()}}, generator);
              }),
              "has its values already"));
  CHECK(message([&] { start::initialize(*model, generator); }) == "no error");
  start::forget(*model, "fc2.bias");
  CHECK(message([&] { start::initialize(*model, "kaiming_normal", generator); }) ==
        "no error");  // that bias is still to come
}

TEST_CASE("fits: a layer that no forward pass runs is not said to be fitted") {
  for (const char* scheme : {"lsuv", "krahenbuhl", "metainit"}) {
    CAPTURE(scheme);
    Spare net, base;
    Generator generator(1), same(1);
    const auto drawn = start::initialize(net, scheme, generator, images(16), labels(16));
    const std::string of = init::parse(scheme).base()->to_string();
    start::initialize(base, of, same);
    for (const auto& one : drawn) {
      CAPTURE(one.name);
      if (one.name == "spare.weight") {
        CHECK(one.scheme == of);
        CHECK(holds(one.note,
                    std::string(scheme) + " left it as drawn: a forward pass does not run its layer"));
        CHECK(net.parameter(one.name)->drawn_by->to_string() == of);
        CHECK(net.parameter(one.name)->value.to_vector() == base.parameter(one.name)->value.to_vector());
      } else if (one.name == "fc1.weight" || one.name == "fc2.weight") {
        CHECK(one.scheme == scheme);
        CHECK(one.note.empty());
      } else if (one.name == "spare.bias") {
        CHECK(one.scheme == "zeros");
      }
    }
    CHECK(start::notes_of(drawn).size() == (std::string(scheme) == "metainit" ? 1 : 2));
  }
}

TEST_CASE("fits: a layer whose output does not vary is not said to be fitted") {
  for (const char* scheme : {"lsuv(base=zeros)", "krahenbuhl(base=zeros)"}) {
    CAPTURE(scheme);
    nn::Sequential net("fc1", nn::Linear(6, 5), "fc2", nn::Linear(5, 3));
    Generator generator(1);
    const auto drawn = start::initialize(net, scheme, generator, images(8), labels(8));
    CHECK(drawn[0].scheme == "zeros");
    CHECK(holds(drawn[0].note, "left it as drawn"));
  }
}

TEST_CASE("parameters: every way to read one without values is an Error that names it in full") {
  const auto model = models::build("resnet_small(width=2)", {});
  for (const auto& one : model->named_parameters()) {
    const auto& parameter = one.parameter;
    CAPTURE(one.name);
    const Tensor& value = parameter->value;
    const std::string named =
        "parameter '" + one.name + "' of shape " + value.shape().to_string() + " has no values yet";
    CHECK(holds(message([&] { value.to_vector(); }), named));
    CHECK(holds(message([&] { value.values(); }), named));
    CHECK(holds(message([&] { parameter->value.values(); }), named));
    CHECK(holds(message([&] { value.data(); }), named));
    CHECK(holds(message([&] { parameter->value.data(); }), named));
    CHECK(holds(message([&] { value.clone(); }), named));
    CHECK(holds(message([&] { value.detach(); }), named));
    CHECK(holds(message([&] { value.view(value.shape()); }), named));
    CHECK(holds(message([&] { Tensor(value.shape()).copy_from(value); }), named));
    if (value.numel() == 1) CHECK(holds(message([&] { value.item(); }), named));
    CHECK(holds(message([&] { ops::add(value, value); }), named));
  }
  for (const auto& [name, value] : model->state_dict()) {
    if (!value.has_values())
      CHECK(holds(message([&, &tensor = value] { moments(tensor.values()); }), "has no values yet"));
  }
  CHECK(holds(message([&] { start::save_model("/nonexistent/x.safetensors", *model); }), "conv1.weight"));
  Generator generator(1);
  start::initialize(*model, generator);
  for (const auto& [name, value] : model->state_dict()) CHECK(value.has_values());
  start::forget(*model, "fc.*");
  CHECK(holds(message([&] { model->parameter("fc.bias")->value.to_vector(); }), "'fc.bias'"));
}

TEST_CASE("parameters: once one is filled or copied into it may be written through a pointer") {
  nn::Linear layer(3, 2);
  layer.weight->value.fill(0);
  layer.weight->value.data()[0] = 4;
  CHECK(layer.weight->value.to_vector()[0] == 4);
  layer.bias->value.copy_from(Tensor::ones({2}));
  layer.bias->value.data()[1] = 5;
  CHECK(layer.bias->value.to_vector() == std::vector<real>{1, 5});
}

TEST_CASE("parameters: one without elements has all the values that it can have once it is drawn") {
  struct Empty final : nn::Module {
    Empty() { weight = add_parameter("weight", {0, 3}, init::zeros(), {.in = 3, .out = 1}); }
    std::string kind() const override { return "Empty"; }
    Tensor forward(const Tensor& x) override { return x; }
    nn::ParameterRef weight{"weight"};
  } layer;
  Generator generator(0);
  start::initialize(layer, generator);
  CHECK(layer.weight->value.has_values());
  CHECK(layer.weight->value.to_vector().empty());
}

TEST_CASE("initialize: after a failed fit dropout draws as if it had not been tried") {
  const auto made = [] {
    return nn::Sequential("fc1", nn::Linear(6, 8), "drop", nn::Dropout(0.5), "fc2", nn::Linear(8, 3));
  };
  const std::vector<std::int32_t> labels(4, 0);
  Tensor broken = Tensor::ones({4, 6});
  broken.data()[0] = std::numeric_limits<real>::infinity();
  const auto masks = [&](nn::Sequential& net) {
    Generator generator(2);
    start::initialize(net, generator);
    return net(Tensor::ones({4, 6})).to_vector();
  };
  auto tried = made(), fresh = made();
  Generator first(1);
  CHECK_THROWS_AS(start::initialize(tried, "lsuv", first, broken, labels), Error);
  CHECK(first == Generator(1));
  CHECK(masks(tried) == masks(fresh));
}

TEST_CASE("parameters: an optimizer may be made before the draw") {
  nn::Sequential net("fc1", nn::Linear(6, 5), "fc2", nn::Linear(5, 3)),
      plain("fc1", nn::Linear(6, 5), "fc2", nn::Linear(5, 3));
  const optim::Optimizer optimizer(net, {});
  CHECK(holds(message([&] { net.parameter("fc1.weight")->value.to_vector(); }), "'fc1.weight'"));
  Generator one(1), two(1);
  start::initialize(net, one);
  start::initialize(plain, two);
  CHECK(net.parameter("fc2.weight")->value.to_vector() == plain.parameter("fc2.weight")->value.to_vector());
}
