// What gradients and references do not show: extreme values, empty tensors, modes, memory, threads.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <fanin/autograd/node.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/core/sanitizer.hpp>
#include <fanin/ops/ops.hpp>

#include "tests/misuse.hpp"

namespace fanin {
namespace {

const real infinity = std::numeric_limits<real>::infinity();
const real nan = std::numeric_limits<real>::quiet_NaN();
using Values = std::vector<real>;

Tensor random(const Shape& shape, std::uint64_t seed) {
  Tensor tensor(shape);
  Generator(seed).uniform(tensor.values(), -1, 1);
  return tensor;
}

TEST_CASE("NaN goes through, as in PyTorch") {
  const Tensor x = Tensor::from({nan, -1, 2, 3}, {1, 1, 2, 2});
  CHECK(std::isnan(ops::max_pool2d(x).item()));
  for (const auto& y :
       {ops::relu(x), ops::leaky_relu(x), ops::elu(x), ops::selu(x), ops::gelu(x), ops::sigmoid(x),
        ops::tanh(x), ops::softplus(x), ops::silu(x), ops::softmax(x, 2), x * 0}) {
    CHECK(std::isnan(y.data()[0]));
    CHECK_FALSE(std::isnan(y.data()[1]));
  }
  CHECK(std::isnan(ops::sum(x).item()));
}

TEST_CASE("large logits neither overflow nor lose the loss") {
  const Tensor logits = Tensor::from({1000, 0, -1000, -1000, -1000, -1000}, {2, 3}).set_requires_grad(true);
  const std::vector<std::int32_t> labels = {1, 2};
  const Tensor loss = ops::cross_entropy(logits, labels);
  CHECK(loss.item() == doctest::Approx((1000 + std::log(3.0)) / 2));
  loss.backward();
  for (const real g : logits.grad().values()) CHECK(std::isfinite(g));
  CHECK(ops::log_softmax(Tensor::from({-infinity, 0}, {2})).to_vector() == Values{-infinity, 0});
}

TEST_CASE("an empty batch passes through with its shape") {
  const Tensor x = Tensor({0, 4, 6, 6}).set_requires_grad(true),
               w = random({2, 4, 3, 3}, 1).set_requires_grad(true);
  const Tensor y = ops::max_pool2d(ops::conv2d(x, w, {}, {.padding = 1}));
  CHECK(y.shape() == Shape{0, 2, 3, 3});
  const Tensor fc = random({5, 18}, 2).set_requires_grad(true);
  const Tensor out = ops::linear(ops::flatten(y), fc, {}, {ops::Activation::Kind::relu});
  CHECK(out.shape() == Shape{0, 5});
  ops::sum(out * out + out).backward();
  for (const real g : w.grad().values()) CHECK(g == 0);
  for (const real g : fc.grad().values()) CHECK(g == 0);
  CHECK(ops::softmax(Tensor({0, 3})).shape() == Shape{0, 3});
  CHECK(ops::layer_norm(Tensor({0, 3}), {3}, {}, {}).shape() == Shape{0, 3});
  CHECK(ops::transpose(Tensor({0, 3}), 0, 1).shape() == Shape{3, 0});
  CHECK(ops::slice(random({2, 3}, 1), 0, 1, 1).shape() == Shape{0, 3});
  const Tensor one = Tensor::ones({1}).set_requires_grad(true);
  ops::sum(Tensor({0, 3}) * one).backward();
  CHECK(one.grad().item() == 0);
}

TEST_CASE("batch_norm moves the running statistics in training only, variance unbiased") {
  const Tensor x = Tensor::from({1, 2, 3, 6}, {4, 1});
  Tensor mean = Tensor::zeros({1}), var = Tensor::ones({1});
  ops::batch_norm(x, {}, {}, mean, var, {.training = false});
  CHECK(mean.item() == 0);
  CHECK(var.item() == 1);
  ops::batch_norm(x, {}, {}, mean, var, {.momentum = 0.5});
  CHECK(mean.item() == doctest::Approx(1.5));
  CHECK(var.item() == doctest::Approx(0.5 + 0.5 * 14.0 / 3));
}

TEST_CASE("batch_norm of values far from zero keeps its precision") {
  Tensor x = random({64, 2, 5, 5}, 1);
  const Tensor y = ops::batch_norm(x, {}, {}, {}, {});
  const Tensor far = ops::batch_norm(x + 1000, {}, {}, {}, {});
  for (Index i = 0; i < y.numel(); ++i) CHECK(std::abs(y.data()[i] - far.data()[i]) < 1e-3);
}

TEST_CASE("dropout leaves x alone in evaluation, and keeps its mean in training") {
  const Tensor x = Tensor::ones({100, 100});
  Generator generator(3), untouched(3);
  CHECK(ops::dropout(x, 0.5, false, generator).same_as(x));
  CHECK(ops::dropout(x, 0, true, generator).same_as(x));
  CHECK(generator == untouched);
  const Tensor y = ops::dropout(x, 0.25, true, generator);
  Index zeros = 0;
  for (const real value : y.values()) {
    CHECK((value == 0 || value == doctest::Approx(4.0 / 3)));
    zeros += value == 0;
  }
  CHECK(std::abs(static_cast<double>(zeros) / 10000 - 0.25) < 0.02);
  CHECK(ops::sum(ops::dropout(x, 1, true, generator)).item() == 0);
}

TEST_CASE("a long sum keeps its digits") {
  const Tensor x = Tensor::full({1000, 1000}, real(0.1));
  CHECK(ops::sum(x).item() == doctest::Approx(100000).epsilon(1e-6));
  CHECK(ops::mean(x).item() == doctest::Approx(0.1).epsilon(1e-6));
}

/// A small network that passes through most ops; returns the gradients.
Values train_step(int thread_count, Tensor& conv, Tensor& gamma, Tensor& beta, Tensor& fc,
                  const Tensor& images, const std::vector<std::int32_t>& labels) {
  set_threads(thread_count);
  Generator generator(5);
  for (Tensor* parameter : {&conv, &gamma, &beta, &fc}) parameter->zero_grad();
  Tensor h = ops::conv2d(images, conv, {}, {.padding = 1, .activation = {ops::Activation::Kind::gelu}});
  h = ops::batch_norm(h, gamma, beta, {}, {});
  h = ops::group_norm(h, 2, gamma, beta) + h * 0.5;
  h = ops::dropout(ops::relu(ops::max_pool2d(h)), 0.1, true, generator);
  h = ops::concat({h, ops::transpose(h, 2, 3)}, 1);
  h = ops::slice(ops::prelu(h, ops::slice(ops::concat({gamma, gamma}, 0), 0, 0, h.size(1))), 1, 0, 4);
  ops::cross_entropy(ops::linear(ops::flatten(h), fc), labels, {.label_smoothing = 0.1}).backward();
  set_threads(1);
  Values gradients;
  for (Tensor* parameter : {&conv, &gamma, &beta, &fc}) {
    const auto values = parameter->grad().to_vector();
    gradients.insert(gradients.end(), values.begin(), values.end());
  }
  return gradients;
}

struct Network {
  Tensor conv = random({4, 3, 3, 3}, 1).set_requires_grad(true);
  Tensor gamma = random({4}, 2).set_requires_grad(true), beta = random({4}, 3).set_requires_grad(true);
  Tensor fc = random({5, 4 * 4 * 4}, 4).set_requires_grad(true);
  Tensor images = random({6, 3, 8, 8}, 5);
  std::vector<std::int32_t> labels = {0, 1, 2, 3, 4, 0};

  Values step(int thread_count) { return train_step(thread_count, conv, gamma, beta, fc, images, labels); }
};

TEST_CASE("the thread count changes no bit") {
  Network network;
  const Values one = network.step(1);
  for (const int count : {2, 3, 8}) {
    CAPTURE(count);
    CHECK(network.step(count) == one);
  }
}

TEST_CASE("a step that repeats asks the system for no memory") {
  Network network;
  for (int i = 0; i < 3; ++i) network.step(1);
#if !FANIN_ASAN
  const std::uint64_t before = pool_system_allocations();
  for (int i = 0; i < 20; ++i) network.step(1);
  CHECK(pool_system_allocations() == before);
#endif
}

TEST_CASE("mish and its slope are torch.nn.functional.mish's, computed there in double") {
  const Tensor x = Tensor::from({-20, -3, -1.25, -0.5, 0, 0.5, 1, 2.75, 25}, {9}).set_requires_grad(true);
  const double expected[] = {-4.122307240628762e-08,
                             -0.1456474612756246,
                             -0.3084139611415277,
                             -0.22074377465173,
                             0,
                             0.37524521130489513,
                             0.8650983882673103,
                             2.7302142043358297,
                             25};
  const double slope[] = {-3.916191874348969e-08,
                          -0.09339311453232084,
                          -0.014697562473019496,
                          0.28951067791351226,
                          0.6,
                          0.8864243753577273,
                          1.0490362200997922,
                          1.0298652303124498,
                          1};
  const Tensor y = ops::mish(x);
  ops::sum(y).backward();
  for (Index i = 0; i < 9; ++i) {
    CAPTURE(x.data()[i]);
    CHECK(static_cast<double>(y.data()[i]) == doctest::Approx(expected[i]).epsilon(2e-6));
    CHECK(static_cast<double>(x.grad().data()[i]) == doctest::Approx(slope[i]).epsilon(5e-6));
  }
}

TEST_CASE("reshape finds the one size that is left open") {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6}).set_requires_grad(true);
  CHECK(ops::reshape(x, {-1}).shape() == Shape{6});
  CHECK(ops::reshape(x, {2, -1}).shape() == Shape{2, 3});
  CHECK(ops::reshape(x, {-1, 3, 1}).shape() == Shape{2, 3, 1});
  CHECK(ops::reshape(Tensor(Shape{0, 3}), {-1, 3}).shape() == Shape{0, 3});
  CHECK(ops::reshape(Tensor::scalar(1), {-1}).shape() == Shape{1});
  ops::sum(ops::reshape(x, {3, -1}) * Tensor::from({1, 2, 3, 4, 5, 6}, {3, 2})).backward();
  CHECK(x.grad().to_vector() == std::vector<real>{1, 2, 3, 4, 5, 6});
  check_all({
      {"two",
       [&] {
         ops::reshape(x, {-1, -1});
       },
       "sizes [-1, -1] leave two open: at most one may be -1"},
      {"no quotient",
       [&] {
         ops::reshape(x, {4, -1});
       },
       "input [6] has 6 elements, which are no whole number"},
      {"no elements",
       [&] {
         ops::reshape(Tensor(Shape{0}), {0, -1});
       },
       "no whole number of those of sizes [0, -1]"},
      {"-2",
       [&] {
         ops::reshape(x, {3, -2});
       },
       "must not be negative: got -2"},
      {"undefined", [] { ops::reshape(Tensor(), {-1}); }, "reshape: input is undefined"},
  });
}

}  // namespace
}  // namespace fanin
