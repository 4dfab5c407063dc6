// Plans by value, drawing again, and the one dialect in which all that names parameters is written.
#include <doctest/doctest.h>

#include <map>

#include <fanin/core/error.hpp>
#include <fanin/init/constant.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/finetune.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

using Values = std::map<std::string, std::vector<real>>;

Values values(const nn::Module& model) {
  Values all;
  for (const auto& one : model.state_dict()) {
    if (one.second.has_values()) all[one.first] = one.second.to_vector();
  }
  return all;
}

nn::Sequential net() {
  return nn::Sequential("body",
                        nn::Sequential("fc1", nn::Linear(6, 8), "act", nn::ReLU(), "fc2", nn::Linear(8, 8)),
                        "head", nn::Linear(8, 3));
}

std::vector<std::string> changed(const Values& before, const Values& after) {
  std::vector<std::string> names;
  for (const auto& [name, now] : after) {
    if (!before.contains(name) || before.at(name) != now) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("plan: by value it is the plan of the same text") {
  const init::Plan plan = {{"fc*", init::orthogonal()}, {"*.bias", init::zeros()}};
  CHECK(plan == init::Plan::parse("fc*=orthogonal; *.bias=zeros"));
  CHECK(init::Plan{{"fc1; fc2", init::orthogonal({.gain = 2})}} ==
        init::Plan::parse("fc1=orthogonal(gain=2); fc2=orthogonal(gain=2)"));
  CHECK(init::Plan(init::orthogonal()) == init::Plan::parse("orthogonal"));
  CHECK(init::Plan{{"fc1", {}}} == init::Plan::parse("fc1=default"));
  CHECK(init::Plan() == init::Plan(std::initializer_list<init::PlanRule>{}));
  CHECK(holds(usage_message([] { init::Plan{{"fc 1", init::zeros()}}; }), "in a pattern"));
  CHECK(holds(usage_message([] { init::Plan{{"a=ones", init::zeros()}}; }), "ones"));
  nn::Sequential one = net(), two = net();
  Generator a(4), b(4);
  start::initialize(one, {{"*fc*", init::orthogonal()}, {"*.bias", init::zeros()}}, a);
  start::initialize(two, "*fc*=orthogonal; *.bias=zeros", b);
  CHECK(values(one) == values(two));
  nn::Sequential three = net();
  start::initialize(three, init::orthogonal(), a);
  CHECK(three.parameter("head.weight")->drawn_by == init::orthogonal());
  nn::Sequential four = net();
  CHECK(holds(usage_message([&] {
                start::initialize(four, {{"conv*", init::orthogonal()}}, a);
              }),
              "pattern 'conv*' matches no layer"));
}

TEST_CASE("initialize: a failed call leaves the model untouched, and the corrected plan is taken") {
  nn::Sequential model = net();
  Generator generator(1);
  const Generator before = generator;
  // fc2's weight is refused after body.fc1 was drawn
  CHECK(holds(message([&] {
                start::initialize(model,
                                  {{"body.fc1", init::orthogonal()}, {"body.fc2.bias", init::orthogonal()}},
                                  generator);
              }),
              "body.fc2.bias"));
  CHECK(values(model).empty());
  CHECK(generator == before);
  start::initialize(model, {{"body.fc1", init::orthogonal()}, {"body.fc2.bias", init::zeros()}}, generator);
  CHECK(model.parameter("body.fc1.weight")->drawn_by == init::orthogonal());
}

TEST_CASE("reinitialize: draws what the plan speaks of, and that alone") {
  nn::Sequential model = net();
  Generator generator(1);
  start::initialize(model, generator);
  const Values first = values(model);
  const auto drawn = start::reinitialize(model, "head=zeros; body.fc1.bias=ones", generator);
  CHECK(changed(first, values(model)) == std::vector<std::string>{"body.fc1.bias", "head.weight"});
  CHECK(drawn[0].scheme == "kept");
  CHECK(drawn[4].scheme == "zeros");
  CHECK(model.parameter("head.weight")->drawn_by == init::zeros());
  Generator same(1);
  start::reinitialize(model, "default", same);  // the whole model, as it was drawn at first
  CHECK(values(model) == first);
  Generator again(1), other(2);
  start::reinitialize(model, "default", other);
  CHECK(values(model) != first);
  start::reinitialize(model, init::Plan(), again);  // whose text is "default"
  CHECK(values(model) == first);
  start::reinitialize(model, {{"head", init::ones()}}, same);
  CHECK(model.parameter("head.weight")->value.to_vector() == std::vector<real>(24, 1));
  CHECK(holds(usage_message([&] { start::reinitialize(model, "tail=zeros", same); }), "tail"));
  // all or nothing, values too
  const Values before = values(model);
  const Generator stood = same;
  CHECK(holds(message([&] { start::reinitialize(model, "body.fc1=zeros; head.bias=orthogonal", same); }),
              "head.bias"));
  CHECK(values(model) == before);
  CHECK(same == stood);
  CHECK(model.parameter("body.fc1.weight")->origin == nn::Origin::drawn);
  // what has no values yet and is not spoken of stays without
  nn::Sequential fresh = net();
  start::reinitialize(fresh, "head=zeros", same);
  CHECK(values(fresh).size() == 1);
}

TEST_CASE("patterns: plans, forget, skip and freeze speak one dialect") {
  CHECK(init::covers("conv1", "conv1.weight"));
  CHECK(init::covers("layer1", "layer1.0.conv1.weight"));
  CHECK(init::covers("*.bias; *norm*", "body.norm1.weight"));
  CHECK(init::covers(" ; fc?.bias", "fc3.bias"));
  CHECK_FALSE(init::covers("conv1", "conv12.weight"));
  CHECK_FALSE(init::covers("", "conv1.weight"));
  CHECK_FALSE(init::covers(";", "conv1.weight"));

  nn::Sequential model = net();
  Generator generator(1);
  start::initialize(model, "body=zeros", generator);  // all weights below it
  CHECK(model.parameter("body.fc1.weight")->drawn_by == init::zeros());
  CHECK(model.parameter("body.fc2.weight")->drawn_by == init::zeros());
  CHECK(model.parameter("body.fc2.bias")->drawn_by != init::zeros());
  start::forget(model, "body.fc1; head.bias");
  CHECK(values(model).size() == 3);
  CHECK(holds(usage_message([&] { start::forget(model, "tail"); }), "no parameter or layer matches 'tail'"));
  start::initialize(model, generator);
  // one that speaks of nothing is a typing error beside others too
  const auto typo = [&](auto call) { return holds(usage_message(call), "'tail'"); };
  CHECK(typo([&] { start::forget(model, "body.fc1; tail"); }));
  CHECK(values(model).size() == 6);
  CHECK(typo([&] { train::FineTuning(model, {.freeze = {"body.fc1; tail"}}); }));
  CHECK(typo([&] { train::FineTuning(model, {.rates = {{"tail ;head", 2}}}); }));
  CHECK(typo([&] { optim::Optimizer(model, {.no_decay = "*.bias; tail"}); }));
  CHECK(typo([&] {
    const std::vector<io::StoredTensor> same{io::stored("head.bias", model.parameter("head.bias")->value)};
    start::load_state_dict(model, {.path = "x", .tensors = same, .metadata = {}}, {.skip = {"body; tail"}});
  }));
  CHECK(holds(usage_message([] { init::Plan({{" ;", init::zeros()}}); }), "names nothing"));

  std::vector<io::StoredTensor> saved;
  for (const auto& one : model.state_dict()) {
    if (!one.first.starts_with("head")) saved.push_back(io::stored(one.first, one.second));
  }
  nn::Sequential other = net();
  start::load_state_dict(other, {.path = "x", .tensors = saved, .metadata = {}}, {.skip = {"head"}});
  CHECK(values(other).size() == 4);
  start::initialize(other, generator);
  const train::FineTuning tuning(other, {.freeze = {"body.fc1; *.bias"}});
  std::vector<std::string> frozen;
  for (const auto& one : tuning.layers()) {
    if (one.frozen) frozen.push_back(one.name);
  }
  CHECK(frozen == std::vector<std::string>{"body.fc1.weight", "body.fc1.bias", "body.fc2.bias", "head.bias"});
}
