// muP's learning rates: by table, and by what they are for, the coordinate check.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/finetune.hpp>

using namespace fanin;
using optim::UpdateRule;

namespace {

nn::ModulePtr born(const std::string& model, const std::string& plan) {
  auto net = models::build(model, {.channels = 1, .height = 8, .width = 8});
  Generator generator(5);
  start::initialize(*net, plan, generator);
  return net;
}

std::map<std::string, double> scales(const std::string& model, const std::string& plan, UpdateRule rule) {
  const auto all = start::width_scales(*born(model, plan), rule);
  return {all.begin(), all.end()};
}

std::vector<Tensor> outputs(nn::Module& model, const Tensor& images) {
  std::vector<Tensor> all;
  const NoGrad no_grad;
  const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
    if (module.has_matrix()) all.push_back(out.clone());
  });
  model(images);
  return all;
}

/// How much five steps change the outputs of each layer of a net of that width.
std::vector<double> changes(Index width, const std::string& plan, const optim::OptimizerOptions& options) {
  const auto net = born(fmt::format("mlp(hidden={}-{})", width, width), plan);
  Tensor images(Shape{32, 1, 8, 8});
  Generator generator(1);
  generator.normal(images.values(), 0, 1);
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 32; ++i) labels.push_back(i % 10);
  const auto before = outputs(*net, images);
  optim::Optimizer optimizer(start::by_width(*net, options.rule), options);
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    ops::cross_entropy((*net)(images), labels).backward();
    optimizer.step();
  }
  const auto after = outputs(*net, images);
  std::vector<double> all;
  for (std::size_t i = 0; i < before.size(); ++i) {
    std::vector<real> change = after[i].to_vector();
    for (std::size_t j = 0; j < change.size(); ++j) change[j] -= before[i].data()[j];
    const auto [mean, std] = moments(change);
    all.push_back(std::hypot(mean, std));
  }
  return all;
}

}  // namespace

TEST_CASE("mup: each parameter's learning rate is that of table 3 at its width") {
  const auto adam = scales("mlp(hidden=256-512)", "mup", optim::adam());
  CHECK(adam.at("fc1.weight") == 1);
  CHECK(adam.at("fc2.weight") == 64.0 / 256);
  CHECK(adam.at("fc3.weight") == 64.0 / 512);
  CHECK(adam.at("fc2.bias") == 1);
  const auto sgd = scales("mlp(hidden=256-512)", "mup(base_width=128)", optim::sgd());
  CHECK(sgd.at("fc1.weight") == 256.0 / 128);
  CHECK(sgd.at("fc1.bias") == 256.0 / 128);
  CHECK(sgd.at("fc2.weight") == 1);
  CHECK(sgd.at("fc2.bias") == 512.0 / 128);
  CHECK(sgd.at("fc3.weight") == 128.0 / 512);
  CHECK(sgd.at("fc3.bias") == 1);
  const auto conv = scales("plain_net(depth=3, width=32, conv=true, activation=relu)", "mup(base_width=16)",
                           optim::adamw());
  CHECK(conv.at("conv1.weight") == 1);
  CHECK(conv.at("conv2.weight") == 0.5);  // channels, whatever the kernel's size
  CHECK(conv.at("out.weight") == 0.5);
  const auto norm = scales("resnet_small(width=8)", "mup(base_width=4)", optim::sgd());
  CHECK(norm.at("bn1.weight") == 2);
}

TEST_CASE(
    "mup: at base_width, and for every other scheme, all rates are the optimizer's and the groups stay") {
  for (const char* plan : {"mup", "kaiming_normal", "default"}) {
    CAPTURE(plan);
    for (const optim::UpdateRule& rule : {optim::sgd(), optim::adam(), optim::rmsprop()}) {
      const auto net = born("mlp(hidden=64-64)", plan);
      for (const auto& [name, scale] : start::width_scales(*net, rule)) CHECK(scale == 1);
      CHECK(start::by_width(*net, rule).size() == 1);
    }
  }
  const auto mixed = scales("mlp(hidden=256-256)", "fc2=mup", optim::adam());
  CHECK(mixed.at("fc2.weight") == 0.25);
  CHECK(mixed.at("fc3.weight") == 1);
}

TEST_CASE("mup: the coordinate check: what a few steps change in each layer does not depend on the width") {
  for (const optim::OptimizerOptions& options : {optim::OptimizerOptions{.rule = optim::adam(), .lr = 0.002},
                                                 optim::OptimizerOptions{.rule = optim::sgd(), .lr = 0.02}}) {
    CAPTURE(options.rule.name);
    std::vector<std::vector<double>> mup, standard;
    for (const Index width : {64, 256, 1024}) {
      mup.push_back(changes(width, "mup(base_width=16)", options));
      standard.push_back(changes(width, "kaiming_normal", options));
    }
    for (std::size_t layer = 0; layer < 3; ++layer) {
      CAPTURE(layer);
      CAPTURE(mup[0][layer]);
      CAPTURE(mup[2][layer]);
      CAPTURE(standard[2][layer] / standard[0][layer]);
      CHECK(mup[2][layer] / mup[0][layer] < 1.6);
      CHECK(mup[2][layer] / mup[0][layer] > 1 / 1.6);
    }
    CHECK(standard[2][2] / standard[0][2] > 2.5);  // the logits
  }
}

namespace {

/// What one step of decay alone takes from each weight matrix, as a share of it.
std::map<std::string, double> decay_of(Index width, const optim::OptimizerOptions& options,
                                       double layer_rate) {
  const auto net = born(fmt::format("mlp(hidden={}-{})", width, width), "mup(base_width=32)");
  std::vector<optim::Group> groups(2);
  groups[1].lr_scale = layer_rate;
  for (const auto& one : net->named_parameters()) groups[one.name == "fc3.weight"].parameters.push_back(one);
  optim::Optimizer optimizer(start::by_width(*net, options.rule, groups), options);
  std::map<std::string, double> before, shares;
  for (const auto& one : net->named_parameters()) {
    before[one.name] = static_cast<double>(one.parameter->value.data()[0]);
    one.parameter->value.grad_buffer().fill(0);
    one.parameter->value.mark_grad();
  }
  optimizer.step();
  for (const auto& one : net->named_parameters()) {
    if (one.parameter->value.rank() < 2) continue;
    shares[one.name] = 1 - static_cast<double>(one.parameter->value.data()[0]) / before[one.name];
  }
  return shares;
}

}  // namespace

TEST_CASE("mup: weight decay takes the same share of a weight in a step at every width") {
  for (const optim::UpdateRule& rule : {optim::sgd(), optim::adamw()}) {
    CAPTURE(rule.name);
    for (const Index width : {32, 128, 1024}) {
      CAPTURE(width);
      const auto shares =
          decay_of(width, {.rule = rule, .lr = 0.05, .weight_decay = 0.2, .momentum = 0.9}, 0.5);
      CHECK(shares.at("fc1.weight") == doctest::Approx(0.05 * 0.2).epsilon(1e-4));
      CHECK(shares.at("fc2.weight") == doctest::Approx(0.05 * 0.2).epsilon(1e-4));
      CHECK(shares.at("fc3.weight") ==
            doctest::Approx(0.5 * 0.05 * 0.2).epsilon(1e-4));  // its own rate stays its own
    }
  }
}

TEST_CASE(
    "mup: every rule, coupled or not, steps as one optimizer a parameter with its rate times and its decay over the scale") {
  for (const optim::UpdateRule& rule : {optim::sgd(), optim::adam(), optim::adamw(), optim::rmsprop()}) {
    CAPTURE(rule.name);
    const optim::OptimizerOptions options{.rule = rule, .lr = 0.01, .weight_decay = 0.5, .momentum = 0.9};
    const auto net = born("mlp(hidden=128-256)", "mup(base_width=32)"),
               twin = born("mlp(hidden=128-256)", "mup(base_width=32)");
    optim::Optimizer optimizer(start::by_width(*net, rule), options);
    std::vector<optim::Optimizer> single;
    const auto all = start::width_scales(*twin, rule);
    const auto parameters = net->named_parameters(), others = twin->named_parameters();
    for (std::size_t i = 0; i < others.size(); ++i) {
      optim::OptimizerOptions own = options;
      own.lr *= all[i].second;
      own.weight_decay /= all[i].second;
      single.emplace_back(std::vector<optim::Group>{{.parameters = {others[i]}}}, own);
    }
    Generator generator(3);
    for (int step = 0; step < 3; ++step) {
      for (std::size_t i = 0; i < others.size(); ++i) {
        Tensor gradient(parameters[i].parameter->value.shape());
        generator.normal(gradient.values(), 0, 0.1);
        for (const auto* set : {&parameters, &others}) {
          (*set)[i].parameter->value.grad_buffer().copy_from(gradient);
          (*set)[i].parameter->value.mark_grad();
        }
      }
      optimizer.step();
      for (auto& one : single) one.step();
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
      CAPTURE(others[i].name);
      CHECK(parameters[i].parameter->value.to_vector() == others[i].parameter->value.to_vector());
    }
  }
}

TEST_CASE("mup: fine-tuning's penalties pull by the same share in a step at every width") {
  for (const Index width : {64, 512}) {
    CAPTURE(width);
    const auto net = born(fmt::format("mlp(hidden={}-{})", width, width), "mup");
    const auto scales_now = start::width_scales(*net, optim::adamw());
    train::FineTuning tuning(*net, {.l2_sp = 0.5, .l2_head = 0.25});
    tuning.equalize_penalties(scales_now);
    std::map<std::string, double> scale(scales_now.begin(), scales_now.end());
    for (const auto& one : net->named_parameters()) {
      Tensor& value = one.parameter->value;
      for (real& w : value.values()) w += 1;
      value.grad_buffer().fill(0);
      value.mark_grad();
    }
    tuning.add_penalties();
    const auto pull = [&](const char* name) {
      return static_cast<double>(net->parameter(name)->value.grad().data()[0]) * scale.at(name);
    };
    CHECK(pull("fc2.weight") == doctest::Approx(0.5));
    CHECK(pull("fc3.weight") ==
          doctest::Approx(0.25 * static_cast<double>(net->parameter("fc3.weight")->value.data()[0])));
  }
}
