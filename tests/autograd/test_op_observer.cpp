// An OpObserver sees every op that runs, fused ones apart, and changes no number.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <fanin/autograd/node.hpp>
#include <fanin/autograd/op_observer.hpp>
#include <fanin/models.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;

namespace {

Tensor noise(const Shape& shape) {
  Tensor x(shape);
  Generator generator(1);
  generator.normal(x.values(), 0, 1);
  return x;
}

}  // namespace

TEST_CASE("op observer: every op of a model is told in order, fused ones one by one, with the same numbers") {
  const auto model = models::build("lenet", {});
  Generator generator(2);
  start::initialize(*model, generator);
  const Tensor x = noise({2, 1, 28, 28});
  const auto unwatched = (*model)(x).to_vector();
  std::vector<std::string> names;
  Tensor last;
  std::vector<real> watched;
  {
    const OpObserver observer([&](const RanOp& op) {
      names.push_back(op.name);
      last = op.output;
    });
    CHECK(OpObserver::active());
    const Tensor y = (*model)(x);
    CHECK(last.same_as(y));
    watched = y.to_vector();
  }
  CHECK_FALSE(OpObserver::active());
  CHECK(watched == unwatched);
  CHECK(names == std::vector<std::string>{"conv2d", "activation", "max_pool2d", "conv2d", "activation",
                                          "max_pool2d", "reshape", "linear", "activation", "linear",
                                          "activation", "linear"});
  names.clear();
  (*model)(x);
  CHECK(names.empty());
}

TEST_CASE("op observer: an op runs again on other tensors, by its own options, and nothing of that is told") {
  const Tensor x = noise({2, 3, 6, 6}), weight = noise({4, 3, 3, 3});
  const Tensor other = noise({2, 3, 6, 6}), squares = ops::mul(weight, weight);
  int told = 0;
  Tensor again;
  {
    const OpObserver observer([&](const RanOp& op) {
      ++told;
      REQUIRE(op.inputs.size() == 3);
      CHECK(op.inputs[0].same_as(x));
      CHECK(op.inputs[1].same_as(weight));
      CHECK_FALSE(op.inputs[2].defined());
      again = op.again(std::vector<Tensor>{other, squares, Tensor()});
    });
    ops::conv2d(x, weight, {}, {.stride = 2, .padding = 1});
  }
  CHECK(told == 1);
  CHECK(again.to_vector() == ops::conv2d(other, squares, {}, {.stride = 2, .padding = 1}).to_vector());
}

TEST_CASE(
    "op observer: the innermost alone is told, gradients are recorded as ever, and throwing ends a pass") {
  Tensor x = noise({3, 4});
  x.set_requires_grad(true);
  int outer = 0, inner = 0;
  const OpObserver first([&](const RanOp&) { ++outer; });
  {
    const OpObserver second([&](const RanOp&) { ++inner; });
    ops::sum(ops::tanh(x)).backward();
  }
  CHECK(inner == 2);
  CHECK(outer == 0);
  CHECK(x.grad().defined());
  ops::relu(x);
  CHECK(outer == 1);
  struct Enough {};
  {
    const OpObserver third([](const RanOp&) { throw Enough(); });
    CHECK_THROWS_AS(ops::relu(x), Enough);
    CHECK(OpObserver::active());
  }
  ops::relu(x);
  CHECK(outer == 2);
}
