#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/shrink_perturb.hpp>
#include <fanin/train/finetune.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;
using train::FineTune;
using train::FineTuning;

namespace {

nn::ModulePtr born(const std::string& text, std::uint64_t seed = 0) {
  const auto model = models::build(text, {});
  Generator generator(seed);
  start::initialize(*model, generator);
  return model;
}

using Values = std::map<std::string, std::vector<real>>;
Values values_of(nn::Module& model) {
  Values all;
  for (const auto& [name, tensor] : model.state_dict()) all[name] = tensor.to_vector();
  return all;
}

/// The names of what changed between two looks.
std::vector<std::string> changed(const Values& before, const Values& after) {
  std::vector<std::string> names;
  for (const auto& [name, values] : before) {
    if (after.at(name) != values) names.push_back(name);
  }
  return names;
}

train::LayerPlan plan_of(const FineTuning& tuning, const std::string& name) {
  for (const auto& one : tuning.layers()) {
    if (one.name == name) return one;
  }
  FAIL("no parameter " << name);
  return {};
}

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=200)");
  return splits;
}

}  // namespace

TEST_CASE("fine-tuning: a pattern speaks of a parameter, of its layer, or of all below a layer") {
  CHECK(train::covers("conv1", "conv1.weight"));
  CHECK(train::covers("conv*", "conv1.bias"));
  CHECK(train::covers("layer1", "layer1.0.conv1.weight"));
  CHECK(train::covers("layer1.0", "layer1.0.conv1.weight"));
  CHECK(train::covers("*.bias", "fc1.bias"));
  CHECK_FALSE(train::covers("conv1", "conv12.weight"));
  CHECK_FALSE(train::covers("*.bias", "fc1.weight"));
  CHECK_FALSE(train::covers("weight", "fc1.weight"));
}

TEST_CASE(
    "fine-tuning: what is frozen keeps every bit, and no gradient is computed below the lowest layer that "
    "trains") {
  const auto model = born("lenet");
  const Values before = values_of(*model);
  train::TrainOptions options{
      .epochs = 1, .batch = 50, .optimizer = {.lr = 0.05, .weight_decay = 0.01, .momentum = 0.9}};
  options.finetune.freeze = {"conv*", "fc1"};
  train::fit(*model, samples(), options);
  CHECK(changed(before, values_of(*model)) ==
        std::vector<std::string>{"fc2.bias", "fc2.weight", "fc3.bias", "fc3.weight"});
  for (auto& one : model->named_parameters()) CHECK(one.parameter->value.requires_grad());  // as before

  FineTuning tuning(*model, options.finetune);
  tuning.begin_epoch(1);
  int recorded = 0;
  {
    const nn::Observer observer([&](nn::Module&, const Tensor& output) {
      recorded += output.requires_grad() || output.node() != nullptr;
    });
    Tensor images = Tensor::zeros({2, 1, 28, 28});
    (*model)(images);
  }
  CHECK(recorded == 4);  // fc2, act4, fc3 and the whole: nothing before them
}

TEST_CASE("fine-tuning: BatchNorm's statistics freeze with their layer, or not, by choice") {
  for (const bool freeze_statistics : {true, false}) {
    CAPTURE(freeze_statistics);
    const auto model = born("mlp(hidden=16-8, batch_norm=true)");
    std::string first_norm, second_norm;
    for (auto& [name, module] : model->named_modules()) {
      if (dynamic_cast<nn::BatchNorm*>(module)) (first_norm.empty() ? first_norm : second_norm) = name;
    }
    const Values before = values_of(*model);
    train::TrainOptions options{.epochs = 1, .batch = 50};
    options.finetune = {.freeze = {"fc1", first_norm}, .freeze_statistics = freeze_statistics};
    train::fit(*model, samples(), options);
    const auto names = changed(before, values_of(*model));
    const auto moved = [&](const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    CHECK(moved(first_norm + ".running_mean") == !freeze_statistics);
    CHECK(moved(second_norm + ".running_mean"));
    CHECK_FALSE(moved(first_norm + ".weight"));
    for (auto& [name, module] : model->named_modules()) {
      if (auto* norm = dynamic_cast<nn::BatchNorm*>(module)) CHECK_FALSE(norm->freeze_statistics);
    }
  }
}

TEST_CASE("fine-tuning: learning rates fall with depth below the head, and rules by pattern come on top") {
  const auto model = born("lenet");
  const FineTuning tuning(*model, {.rates = {{"conv*", 0.5}, {"conv1.bias", 2}}, .layer_decay = 0.8});
  CHECK(plan_of(tuning, "fc3.weight").depth == 0);
  CHECK(plan_of(tuning, "fc3.weight").head);
  CHECK(plan_of(tuning, "fc3.bias").lr_scale == 1);
  CHECK(plan_of(tuning, "fc2.weight").lr_scale == doctest::Approx(0.8));
  CHECK(plan_of(tuning, "conv2.weight").lr_scale == doctest::Approx(0.5 * std::pow(0.8, 3)));
  CHECK(plan_of(tuning, "conv1.bias").lr_scale == doctest::Approx(2 * std::pow(0.8, 4)));
  std::size_t grouped = 0;
  for (const auto& group : tuning.groups()) grouped += group.parameters.size();
  CHECK(grouped == 10);
}

TEST_CASE("fine-tuning: a group's rate is what its weights are stepped with") {
  // Plain SGD: Δw = −lr · scale · gradient, and the first step's gradient is the same whatever the rates.
  std::map<std::string, std::vector<real>> step[2];
  for (const int scaled : {0, 1}) {
    const auto model = born("mlp(hidden=8)");
    const Values before = values_of(*model);
    train::TrainOptions options{.epochs = 1, .batch = 200, .optimizer = {.lr = 0.1}};
    if (scaled) options.finetune.rates = {{"fc1", 0.25}};
    train::fit(*model, samples(), options);
    for (const auto& [name, values] : values_of(*model)) {
      for (std::size_t i = 0; i < values.size(); ++i)
        step[scaled][name].push_back(values[i] - before.at(name)[i]);
    }
  }
  for (const auto& [name, values] : step[0]) {
    const double expected = name.starts_with("fc1") ? 0.25 : 1;
    double dot = 0, squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      dot += static_cast<double>(values[i]) * static_cast<double>(step[1][name][i]);
      squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    }
    CHECK(dot / squares == doctest::Approx(expected).epsilon(1e-4));
  }
}

TEST_CASE("fine-tuning: the head trains alone first; then layer after layer joins") {
  const auto model = born("lenet");
  const FineTuning warm_up(*model, {.head_epochs = 2});
  CHECK(plan_of(warm_up, "fc3.weight").from_epoch == 1);
  CHECK(plan_of(warm_up, "conv1.weight").from_epoch == 3);
  const FineTuning gradual(*model, {.unfreeze_every = 2});
  CHECK(plan_of(gradual, "fc2.weight").from_epoch == 3);
  CHECK(plan_of(gradual, "conv1.weight").from_epoch == 9);

  for (const auto& rule : {optim::sgd(), optim::adam()}) {
    const auto net = born("mlp(hidden=16-8)");
    Values before = values_of(*net);
    std::vector<std::vector<std::string>> moved;
    train::TrainOptions options{
        .epochs = 3, .batch = 50, .optimizer = {.rule = rule, .lr = 0.01, .momentum = 0.9}};
    options.finetune.unfreeze_every = 1;
    options.on_epoch = [&](const train::EpochRecord&) {
      const Values now = values_of(*net);
      moved.push_back(changed(before, now));
      before = now;
    };
    train::fit(*net, samples(), options);
    CHECK(moved[0] == std::vector<std::string>{"fc3.bias", "fc3.weight"});
    CHECK(moved[1] == std::vector<std::string>{"fc2.bias", "fc2.weight", "fc3.bias", "fc3.weight"});
    CHECK(moved[2].size() == 6);
  }
}

TEST_CASE("fine-tuning: L2-SP's gradient pulls the body to where it started and the head to zero") {
  const auto model = born("mlp(hidden=8)");
  FineTuning tuning(*model, {.l2_sp = 0.5, .l2_head = 0.25});
  const Values start = values_of(*model);
  for (auto& one : model->named_parameters()) {
    Tensor value = one.parameter->value;
    for (real& w : value.values()) w += real(0.125);
    value.grad_buffer().fill(1);
    value.mark_grad();
  }
  tuning.add_penalties();
  for (auto& one : model->named_parameters()) {
    const bool head = one.name.starts_with("fc2");
    const Tensor gradient = one.parameter->value.grad();
    for (Index i = 0; i < gradient.numel(); ++i) {
      const real w = one.parameter->value.data()[i], from = start.at(one.name)[static_cast<std::size_t>(i)];
      CHECK(gradient.data()[i] == doctest::Approx(1 + (head ? 0.25 * w : 0.5 * (w - from))).epsilon(1e-6));
    }
  }
}

TEST_CASE("fine-tuning: a strong L2-SP keeps the body near its start") {
  double distance[2] = {0, 0};
  for (const int strong : {0, 1}) {
    const auto model = born("mlp(hidden=16)");
    const Values before = values_of(*model);
    train::TrainOptions options{.epochs = 3, .batch = 20, .optimizer = {.lr = 0.05}};
    if (strong) options.finetune.l2_sp = 5;
    train::fit(*model, samples(), options);
    const auto after = values_of(*model).at("fc1.weight");
    for (std::size_t i = 0; i < after.size(); ++i)
      distance[strong] += std::pow(static_cast<double>(after[i] - before.at("fc1.weight")[i]), 2);
  }
  CHECK(distance[1] < distance[0] / 10);
}

TEST_CASE("fine-tuning: bad plans are refused, with what was meant") {
  const auto model = born("lenet");
  const auto refused = [&](FineTune options) { return usage_message([&] { FineTuning(*model, options); }); };
  CHECK(refused({.freeze = {"convv1"}})
            .find("freeze: no layer or parameter matches 'convv1'; did you mean 'conv1'") !=
        std::string::npos);
  CHECK(refused({.freeze = {"*"}}).find("nothing to train") != std::string::npos);
  CHECK(refused({.head = "fc9"}).find("head") != std::string::npos);
  CHECK(refused({.rates = {{"fc1", -1}}}).find("got -1") != std::string::npos);
  CHECK(refused({.layer_decay = 0}).find("layer_decay must be in (0, 1]") != std::string::npos);
  CHECK(refused({.layer_decay = 1.5}).find("1.5") != std::string::npos);
  CHECK(refused({.head_epochs = -1}).find("head_epochs") != std::string::npos);
  CHECK(refused({.l2_sp = std::nan("")}).find("l2_sp") != std::string::npos);
}

TEST_CASE("shrink and perturb: λ of the old plus γ of a fresh draw") {
  const auto model = born("mlp(hidden=8, batch_norm=true)");
  const Values before = values_of(*model);
  Generator generator(5), same(5);
  start::shrink_and_perturb(*model, {.shrink = 0.25, .perturb = 0.5}, generator);
  for (auto& one : model->named_parameters()) {
    const auto now = one.parameter->value.to_vector();
    const auto& old = before.at(one.name);
    if (!one.name.starts_with("fc")) {
      CHECK(now == old);
      continue;
    }
    Tensor fresh(one.parameter->value.shape());
    one.parameter->init.fill(fresh, one.parameter->fans, same);
    for (std::size_t i = 0; i < now.size(); ++i) {
      CHECK(now[i] == doctest::Approx(real(0.25) * old[i] + real(0.5) * fresh.values()[i]).epsilon(1e-6));
    }
  }
  const auto refused = [&](start::ShrinkPerturbOptions options) {
    return usage_message([&] { start::shrink_and_perturb(*model, options, generator); });
  };
  CHECK(refused({.shrink = 1.5}).find("shrink must be in [0, 1], got 1.5") != std::string::npos);
  CHECK(refused({.perturb = -1}).find("perturb") != std::string::npos);
}
