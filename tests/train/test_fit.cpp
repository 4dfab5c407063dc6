// Training on any source of batches with a loss by value: regression, several inputs and outputs, own weights.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include <fanin/core/error.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/fit.hpp>

#include "tests/message.hpp"
#include "tests/nn/several_tensors.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

Tensor uniform(const Shape& shape, std::uint64_t seed) {
  Tensor tensor(shape);
  Generator(seed).uniform(tensor.values(), -1, 1);
  return tensor;
}

template <class Model>
void draw(Model& model) {
  Generator generator(0);
  start::initialize(model, generator);
}

nn::Sequential small() {
  return nn::Sequential("fc1", nn::Linear(2, 16), "act", nn::Tanh(), "fc2", nn::Linear(16, 1));
}

/// x₀ x₁ of each row.
Tensor product(const Tensor& x) { return ops::mul(ops::slice(x, 1, 0, 1), ops::slice(x, 1, 1, 2)); }

std::vector<std::vector<real>> values(const nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& one : model.state_dict()) all.push_back(one.second.to_vector());
  return all;
}

}  // namespace

TEST_CASE("fit: regression on arrays, with a schedule by value and a validation source") {
  nn::Sequential net = small();
  draw(net);
  const Tensor x = uniform({200, 2}, 1), test = uniform({50, 2}, 2);
  std::vector<double> seen;
  const auto result =
      train::fit(net, data::arrays(x, product(x), {.batch = 20, .shuffle = true}, Generator(3)), ops::mse,
                 {.epochs = 60,
                  .optimizer = {.rule = optim::adam(), .lr = 0.02},
                  .schedule = optim::Cosine{},
                  .clip_norm = 5,
                  .validation = data::arrays(test, product(test)),
                  .on_epoch = [&](const train::FitEpoch& epoch) { seen.push_back(epoch.validation_loss); }});
  CHECK(result.status == train::Status::ok);
  CHECK(result.steps == 600);
  CHECK(result.history.size() == 60);
  CHECK(seen.size() == 60);
  CHECK(result.history.back().loss < 0.05 * result.history.front().loss);
  // 1/9 is the mean square of the targets
  CHECK(result.history.back().validation_loss < 0.01);
  CHECK(train::mean_loss(net, data::arrays(test, product(test), {.batch = 7}), ops::mse) ==
        doctest::Approx(seen.back()).epsilon(1e-4));
}

TEST_CASE("fit: several inputs, several outputs, labels, and a function as the source") {
  Siamese twins;
  draw(twins);
  const Tensor left = uniform({32, 6}, 1), right = uniform({32, 6}, 2), target = uniform({32, 2}, 3);
  const auto pairs =
      train::fit(twins, data::arrays({left, right}, {target}, {.batch = 8}),
                 [](const Tensor& y, const Tensor& t) { return ops::huber(y, t, 0.5); }, {.epochs = 20});
  CHECK(pairs.history.back().loss < pairs.history.front().loss);

  TwoHeaded heads;
  draw(heads);
  Tensor labels({32});
  for (Index i = 0; i < 32; ++i) labels.data()[i] = static_cast<real>(i % 3);
  const train::Loss by_class = train::cross_entropy({.class_weights = Tensor::from({1, 2, 3}, {3})});
  const auto both = [&](std::span<const Tensor> outputs, std::span<const Tensor> targets) {
    const Tensor logits = outputs[0], classes = targets[0];
    return by_class({&logits, 1}, {&classes, 1}) + ops::l1(outputs[1], targets[1]);
  };
  int calls = 0;
  const data::Source own([&](data::TensorBatch& batch) {
    if (++calls % 4 == 0) return false;
    batch = {{left}, {labels, uniform({32, 1}, 9)}};
    return true;
  });
  const auto result = train::fit(heads, own, both, {.epochs = 30, .optimizer = {.lr = 0.2}});
  CHECK(result.steps == 90);
  CHECK(result.history.back().loss < 0.8 * result.history.front().loss);
}

TEST_CASE("fit: losses with options are values, as those without are") {
  const Tensor x = Tensor::from({-3, 0.5, 2}, {3}), y = Tensor::from({0, 1, 1}, {3}),
               weight = Tensor::from({2}, {1});
  const auto of = [&](const train::Loss& loss) {
    return loss(std::vector<Tensor>{x}, std::vector<Tensor>{y}).item();
  };
  CHECK(of(train::huber(0.5)) == ops::huber(x, y, 0.5).item());
  CHECK(of(train::huber()) == ops::huber(x, y).item());
  CHECK(of(train::bce_with_logits(weight)) == ops::bce_with_logits(x, y, weight).item());
  CHECK(of(train::bce_with_logits()) == ops::bce_with_logits(x, y).item());
  CHECK(of(ops::l1) == ops::l1(x, y).item());
}

TEST_CASE("fit: two halves accumulated are one batch") {
  const Tensor x = uniform({40, 2}, 1);
  nn::Sequential whole = small(), halves = small();
  draw(whole), draw(halves);
  train::fit(whole, data::arrays(x, product(x), {.batch = 20}), ops::mse, {.epochs = 3});
  const auto result = train::fit(halves, data::arrays(x, product(x), {.batch = 10}), ops::mse,
                                 {.epochs = 3, .accumulate = 2});
  CHECK(result.steps == 6);
  const auto a = values(whole), b = values(halves);
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i < a[k].size(); ++i) CHECK(a[k][i] == doctest::Approx(b[k][i]).epsilon(1e-4));
  }
}

TEST_CASE("fit: fewer batches at an epoch's end than are accumulated count as their mean") {
  const Tensor x = uniform({30, 2}, 1), y = product(x);
  nn::Sequential whole = small(), parts = small();
  draw(whole), draw(parts);
  Index at = 0;
  const data::Source two_and_one([&](data::TensorBatch& batch) {
    if (at == 2) return at = 0, false;
    const IndexRange rows = at++ == 0 ? IndexRange{0, 20} : IndexRange{20, 30};
    batch.inputs = {x[rows].clone()}, batch.targets = {y[rows].clone()};
    return true;
  });
  train::fit(whole, two_and_one, ops::mse, {.epochs = 3});
  const auto result =
      train::fit(parts, data::arrays(x, y, {.batch = 10}), ops::mse, {.epochs = 3, .accumulate = 2});
  CHECK(result.steps == 6);
  const auto a = values(whole), b = values(parts);
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i < a[k].size(); ++i) CHECK(a[k][i] == doctest::Approx(b[k][i]).epsilon(1e-4));
  }
}

TEST_CASE("fit: a schedule sets the momentum too, and a source gives no more batches than it goes by") {
  const Tensor x = uniform({40, 2}, 1), y = product(x);
  const data::Source data = data::arrays(x, y, {.batch = 10});
  const optim::Schedule schedule = optim::OneCycle{.start = 4, .end = 10};
  nn::Sequential fitted = small(), stepped = small();
  draw(fitted), draw(stepped);
  train::fit(fitted, data, ops::mse, {.epochs = 2, .optimizer = {.lr = 0.1}, .schedule = schedule});
  optim::Optimizer optimizer(stepped, {.lr = 0.1, .momentum = 0.5});
  for (Index step = 0, epoch = 0; epoch < 2; ++epoch) {
    for (data::TensorBatch batch; data.next(batch); ++step) {
      optimizer.set_lr(0.1 * schedule.factor(step, 8, 4));
      optimizer.set_momentum(schedule.momentum(step, 8, 4).value());
      optimizer.zero_grad();
      ops::mse(stepped(batch.inputs[0]), batch.targets[0]).backward();
      optimizer.step();
    }
  }
  CHECK(values(fitted) == values(stepped));

  int given = 0;
  const auto next = [&](data::TensorBatch& batch) {
    batch.inputs = {x.clone()}, batch.targets = {y.clone()};
    return ++given % 6 != 0;
  };
  const data::Source more(next, 3), enough(next, 5);
  CHECK(holds(message([&] { train::fit(fitted, more, ops::mse, {.schedule = optim::Cosine{}}); }),
              "said that an epoch has 3 batches"));
  given = 0;
  CHECK(train::fit(fitted, enough, ops::mse, {.epochs = 2, .schedule = optim::Cosine{}}).steps == 10);
  given = 0;
  CHECK(train::fit(fitted, more, ops::mse, {.epochs = 2}).steps == 10);  // nothing goes by it
}

TEST_CASE("fit: the same arguments give the same bits, and shuffled epochs see every row once") {
  Tensor numbers({10, 1});
  for (Index i = 0; i < 10; ++i) numbers.data()[i] = static_cast<real>(i);
  const data::Source source = data::arrays(numbers, numbers, {.batch = 4, .shuffle = true}, Generator(1));
  CHECK(source.batches() == 3);
  std::vector<std::vector<real>> epochs;
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<real> rows;
    for (data::TensorBatch batch; source.next(batch);) {
      CHECK(batch.inputs[0].to_vector() == batch.targets[0].to_vector());
      for (const real row : batch.inputs[0].values()) rows.push_back(row);
    }
    epochs.push_back(rows);
    std::sort(rows.begin(), rows.end());
    CHECK(rows == numbers.to_vector());
  }
  CHECK(epochs[0] != epochs[1]);
  const auto run = [] {
    nn::Sequential net("fc1", nn::Linear(2, 8), "drop", nn::Dropout(0.5), "fc2", nn::Linear(8, 1));
    draw(net);
    const Tensor x = uniform({40, 2}, 1);
    train::fit(net, data::arrays(x, product(x), {.batch = 7, .shuffle = true}, Generator(5)), ops::mse,
               {.epochs = 2, .seed = 4});
    return values(net);
  };
  CHECK(run() == run());
}

TEST_CASE("fit: a run that diverges or is stopped says so, and what cannot be is refused") {
  nn::Sequential net = small();
  draw(net);
  const Tensor x = uniform({8, 2}, 1);
  const data::Source data = data::arrays(x, product(x), {.batch = 4});
  CHECK(train::fit(net, data, [](const Tensor& y, const Tensor&) {
          return ops::log(ops::mul(ops::sum(y), 0));
        }).status == train::Status::diverged);
  CHECK(train::fit(net, data, ops::l1, {.stop = [] { return true; }}).status == train::Status::interrupted);
  const data::Source unknown([](data::TensorBatch&) { return false; });
  CHECK(holds(usage_message([&] { train::fit(net, unknown, ops::mse, {.schedule = optim::Cosine{}}); }),
              "schedule cosine"));
  CHECK(holds(message([&] { train::fit(net, unknown, ops::mse); }), "gave no batches in epoch 1"));
  CHECK(holds(message([&] { train::mean_loss(net, unknown, ops::mse); }), "gave no batches"));
  CHECK(holds(usage_message([&] { train::fit(net, data, ops::mse, {.epochs = 0}); }), "epochs"));
  CHECK(holds(usage_message([&] { train::fit(net, data, ops::mse, {.accumulate = 0}); }), "accumulate"));
  CHECK(holds(message([&] { train::fit(net, data, [](const Tensor& y, const Tensor&) { return y; }); }),
              "a loss must be one number: got shape [4, 1]"));
  CHECK(holds(message([&] { train::fit(net, data::arrays({x}, {x, x}), ops::mse); }), "got 1 and 2"));
  CHECK(holds(message([&] {
                data::arrays(x, uniform({7, 1}, 1));
              }),
              "target [7, 1] and the first input [8, 2]"));
  CHECK(holds(message([] { data::arrays(Tensor::scalar(1), Tensor::scalar(1)); }), "rows"));
  CHECK(holds(message([&] { data::arrays(x, Tensor()); }), "undefined"));
  CHECK(holds(message([] {
                const data::Source::Next none;
                const data::Source source(none);
              }),
              "empty"));
  CHECK(holds(message([] {
                const train::Loss::Function none;
                const train::Loss loss(none);
              }),
              "empty"));
  CHECK(holds(message([&] { train::fit(net, data, train::cross_entropy()); }), "cross_entropy"));
}

TEST_CASE("fit: weight decay of a group's own, and none where a pattern says so") {
  const auto after = [](const std::function<optim::Optimizer(nn::Module&)>& make) {
    nn::Sequential net("fc", nn::Linear(2, 2), "norm", nn::LayerNorm(2));
    for (const auto& one : net.named_parameters())
      one.parameter->set(Tensor::ones(one.parameter->value.shape()));
    optim::Optimizer optimizer = make(net);
    for (const auto& one : net.named_parameters()) {
      one.parameter->value.grad_buffer().fill(0);
      one.parameter->value.mark_grad();
    }
    optimizer.step();
    std::vector<real> first;
    for (const auto& one : net.named_parameters()) first.push_back(one.parameter->value.to_vector()[0]);
    return first;
  };
  const optim::OptimizerOptions decay{.lr = 0.5, .weight_decay = 0.5};
  CHECK(after([&](nn::Module& net) { return optim::Optimizer(net, decay); }) == std::vector<real>(4, 0.75));
  auto spared = decay;
  spared.no_decay = "*.bias; *norm*";
  CHECK(after([&](nn::Module& net) { return optim::Optimizer(net, spared); }) ==
        std::vector<real>{0.75, 1, 1, 1});
  const auto grouped = [&](const optim::OptimizerOptions& options) {
    return [&options](nn::Module& net) {
      auto all = net.named_parameters();
      std::vector<optim::Group> groups(2);
      groups[0] = {.parameters = {all[0], all[1]}, .weight_decay = 0.25};
      groups[1] = {.parameters = {all[2], all[3]}, .lr_scale = 0.5};
      optim::Optimizer optimizer(std::move(groups), options);
      optimizer.set_group_lr_scale(1, 0);
      return optimizer;
    };
  };
  CHECK(after(grouped(decay)) == std::vector<real>{0.875, 0.875, 1, 1});
  CHECK(after(grouped(spared)) == std::vector<real>{0.875, 1, 1, 1});
  auto mistyped = decay;
  mistyped.no_decay = "*.bias; *nrom*";
  CHECK(holds(usage_message([&] { after([&](nn::Module& net) { return optim::Optimizer(net, mistyped); }); }),
              "no layer or parameter matches '*nrom*'"));
}
