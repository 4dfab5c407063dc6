// Optimizer::step_from: the bits of backward and step apart, whether or not a weight moves in the backward pass.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/simd/isa.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/linear.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/allocations.hpp"
#include "tests/message.hpp"

using namespace fanin;
using optim::Optimizer;
using optim::OptimizerOptions;

namespace {

/// A model of two linear layers, and what a test makes of it.
struct Net {
  nn::Linear first, second;

  explicit Net(Index in = 45, Index hidden = 33, Index out = 45) : first(in, hidden), second(hidden, out) {
    Generator generator(3);
    start::initialize(first, generator);
    start::initialize(second, generator);
  }
  std::vector<optim::Group> groups(double lr_scale = 1, double decay_scale = 1) {
    return {{.parameters = first.named_parameters()},
            {.parameters = second.named_parameters(), .lr_scale = lr_scale, .decay_scale = decay_scale}};
  }
  std::vector<std::vector<real>> values() {
    std::vector<std::vector<real>> all;
    for (nn::Module* layer : {static_cast<nn::Module*>(&first), static_cast<nn::Module*>(&second)})
      for (const auto& one : layer->named_parameters()) all.push_back(one.parameter->value.to_vector());
    return all;
  }
};

Tensor batch_of(Index samples, Index size, int seed = 1) {
  Tensor x({samples, size});
  Index i = seed;
  for (real& value : x.values()) value = static_cast<real>(i++ * 37 % 101) / 101 - real(0.5);
  return x;
}

using LossOf = std::function<Tensor(Net&, const Tensor& x)>;

Tensor reconstruction(Net& net, const Tensor& x) { return ops::mse(net.second(ops::relu(net.first(x))), x); }

/// The weights after some steps; `before` is called before each of them, with gradients forgotten.
struct Way {
  OptimizerOptions options = {.lr = 0.3};
  LossOf loss = reconstruction;
  std::function<void(Net&, const Tensor& x)> before = {};
  double lr_scale = 1, decay_scale = 1;
};

std::vector<std::vector<real>> after_steps(const Way& way, Index samples, bool in_one) {
  Net net;
  Optimizer optimizer(net.groups(way.lr_scale, way.decay_scale), way.options);
  for (int i = 0; i < 4; ++i) {
    const Tensor x = batch_of(samples, 45, i);
    optimizer.zero_grad();
    if (way.before) way.before(net, x);
    if (in_one) {
      optimizer.step_from(way.loss(net, x));
    } else {
      way.loss(net, x).backward();
      optimizer.step();
    }
  }
  return net.values();
}

/// Whether the weight's gradient is computed into its buffer in a step.
bool stores_gradient(Net& net, Optimizer& optimizer, const Tensor& loss) {
  constexpr real mark = 77;
  Tensor buffer = net.first.weight->value.grad_buffer();
  buffer.fill(mark);
  optimizer.step_from(loss);
  buffer = net.first.weight->value.grad_buffer();
  return std::any_of(buffer.values().begin(), buffer.values().end(), [](real g) { return g != mark; });
}

void check_same_bits(const Way& way) {
  for (const Index samples : {1, 2, 64, 300}) {
    CAPTURE(samples);
    CHECK(after_steps(way, samples, true) == after_steps(way, samples, false));
  }
}

}  // namespace

TEST_CASE("step_from: the bits of backward and step, on every instruction set and any threads") {
  for (const auto isa : {kernels::Isa::baseline, kernels::Isa::avx2, kernels::Isa::avx512}) {
    kernels::limit_isa(isa);
    check_same_bits({});
    check_same_bits({.options = {.lr = 0.2, .weight_decay = 0.01}});
  }
  std::thread([] {
    set_threads(1);
    const auto alone = after_steps({}, 64, true);
    set_threads(2);
    CHECK(after_steps({}, 64, true) == alone);
    check_same_bits({});
  }).join();
}

TEST_CASE("step_from: the bits are those of every rule, and of groups with rates of their own") {
  check_same_bits({.options = {.lr = 0.1, .momentum = 0.9}});
  check_same_bits({.options = {.rule = optim::adam(), .lr = 0.01}});
  check_same_bits({.options = {.lr = 0.1, .weight_decay = 0.1}, .lr_scale = 0.25, .decay_scale = 3});
  const optim::UpdateRule backwards{.name = "sgd", .step = [](const optim::Slice& s) {
                                      for (Index i = 0; i < s.count; ++i)
                                        s.w[i] += static_cast<real>(s.lr) * s.g[i];
                                    }};
  check_same_bits({.options = {.rule = backwards, .lr = 0.01}});
}

TEST_CASE("step_from: a weight that the loss reads twice, by whatever way, has its whole gradient first") {
  check_same_bits({.loss = [](Net& net, const Tensor& x) {
    return ops::mse(net.second(net.first(net.second(ops::relu(net.first(x))))), x);
  }});
  check_same_bits({.loss = [](Net& net, const Tensor& x) {
    const Tensor& w = net.first.weight->value;
    return ops::add(reconstruction(net, x), ops::mean(ops::mul(w, w)));
  }});
  // Another tensor sees the elements: what its op kept must not change before its backward pass has run.
  check_same_bits({.loss = [](Net& net, const Tensor& x) {
    const Tensor seen = net.second.weight->value.detach();
    return ops::mse(
        ops::linear(ops::linear(net.second(ops::relu(net.first(x))), net.first.weight->value, {}), seen, {}),
        x);
  }});
}

TEST_CASE("step_from: gradients from before are added to, and what is frozen stays") {
  check_same_bits({.before = [](Net& net, const Tensor& x) { reconstruction(net, x).backward(); }});
  Net net;
  const auto start = net.values();
  net.first.weight->value.set_requires_grad(false);
  Optimizer optimizer(net.groups(), {.lr = 0.1});
  optimizer.step_from(reconstruction(net, batch_of(8, 45)));
  CHECK(net.values()[0] == start[0]);
  CHECK(net.values()[2] != start[2]);
  net.first.weight->value.set_requires_grad(true);
  optimizer.step_from(reconstruction(net, batch_of(8, 45)));
  CHECK(net.values()[0] != start[0]);
}

namespace {

/// net.second(net.first(x)), of which nothing is kept: backward computes it again, and differentiates that.
struct Again {
  static constexpr const char* name = "again";
  Net* net;
  Tensor x;

  Tensor forward(const Tensor& input) {
    x = input.detach();
    const NoGrad guard;
    return net->second(net->first(x));
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor again = x.detach();
    again.set_requires_grad(true);
    ops::sum(ops::mul(net->second(net->first(again)), grad_output)).backward();
    grads.give(0, again.grad());
  }
};

}  // namespace

TEST_CASE("step_from: a pass within an op of another one moves nothing: weights have their whole gradients") {
  check_same_bits({.loss = [](Net& net, const Tensor& x) {
    Tensor start = x.detach();
    start.set_requires_grad(true);
    return ops::mse(record(Again{&net, {}}, record(Again{&net, {}}, start)), x);
  }});
}

TEST_CASE("step_from: moves a weight without storing its gradient only where nothing else may need it") {
  const kernels::ProductsBy ours(kernels::Products::own);
  const Tensor x = batch_of(8, 45);
  Net net;
  Optimizer plain(net.groups(), {.lr = 0.1, .weight_decay = 0.1});
  plain.step_from(reconstruction(net, x));
  CHECK_FALSE(stores_gradient(net, plain, reconstruction(net, x)));
  CHECK_FALSE(net.first.weight->value.grad().defined());
  CHECK_FALSE(net.first.bias->value.grad().defined());
  CHECK(plain.steps() == 2);
  for (const auto& one : plain.updates()) CHECK(one.second == 2);

  CHECK(stores_gradient(net, plain, ops::mse(net.first(net.second(net.first(x))), net.first(x))));
  {
    const Tensor seen = net.first.weight->value.detach();
    CHECK(stores_gradient(net, plain, reconstruction(net, x)));
  }
  CHECK_FALSE(stores_gradient(net, plain, reconstruction(net, x)));
  reconstruction(net, x).backward();
  CHECK(stores_gradient(net, plain, reconstruction(net, x)));

  Net other;
  Optimizer heavy(other.groups(), {.lr = 0.1, .momentum = 0.5});
  heavy.step_from(reconstruction(other, x));
  CHECK(stores_gradient(other, heavy, reconstruction(other, x)));
}

TEST_CASE("step_from: a pass on another optimizer's behalf, or none, moves nothing") {
  Net net;
  Optimizer optimizer(net.groups(), {.lr = 0.1});
  CHECK(holds(message([&] { optimizer.step_from(Tensor::from({1, 2}, {2})); }), "scalar"));
  const auto start = net.values();
  reconstruction(net, batch_of(8, 45)).backward();
  CHECK(net.values() == start);
  CHECK(net.first.weight->value.grad().defined());
  Net other;
  optimizer.step_from(reconstruction(other, batch_of(8, 45)));  // whose parameters are not this optimizer's
  CHECK(other.first.weight->value.grad().defined());
}

TEST_CASE("step_from: convolutions, batch norm and dropout beside the linear layers come to the same bits") {
  for (const char* text : {"lenet", "mlp(batch_norm=true, dropout=0.1)", "plain_net(depth=4, width=32)"}) {
    CAPTURE(text);
    const auto run = [&](bool in_one) {
      const auto model = models::build(text, {});
      Generator generator(0);
      start::initialize(*model, generator);
      model->reseed(1);
      Optimizer optimizer(*model, {.lr = 0.05, .weight_decay = 1e-3});
      const Tensor x = batch_of(6, 784).view({6, 1, 28, 28});
      for (int i = 0; i < 3; ++i) {
        optimizer.zero_grad();
        const Tensor loss = ops::cross_entropy((*model)(x), std::vector<int>{0, 1, 2, 3, 4, 9});
        if (in_one) {
          optimizer.step_from(loss);
        } else {
          loss.backward();
          optimizer.step();
        }
      }
      std::vector<std::vector<real>> all;
      for (const auto& one : model->state_dict()) all.push_back(one.second.to_vector());
      return all;
    };
    CHECK(run(true) == run(false));
  }
}

TEST_CASE("step_from: allocates nothing after warm-up") {
  if (!counts_allocations()) return;
  Net net;
  Optimizer optimizer(net.groups(), {.lr = 0.01});
  for (const Index samples : {1, 16, 300}) {
    const Tensor x = batch_of(samples, 45);
    for (int i = 0; i < 4; ++i) optimizer.step_from(reconstruction(net, x));
    const std::uint64_t before = heap_allocations();
    for (int i = 0; i < 4; ++i) optimizer.step_from(reconstruction(net, x));
    CHECK(heap_allocations() == before);
  }
}
