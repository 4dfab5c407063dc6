// What a user does with tensors by hand: made of other numbers, printed, indexed.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <sstream>

#include <fanin/core/error.hpp>
#include <fanin/ops/ops.hpp>

#include "tests/message.hpp"

namespace fanin {
namespace {

std::string printed(const Tensor& tensor) {
  std::ostringstream out;
  out << tensor;
  return out.str();
}

static_assert(!std::is_assignable_v<Tensor&&, const Tensor&>, "t[0] = x would set no element");
static_assert(std::is_assignable_v<Tensor&, const Tensor&>);

}  // namespace

TEST_CASE("tensor: made of doubles, ints, arrays and spans") {
  const std::vector<double> doubles = {0.5, -1, 1e-3, 4};
  const Tensor x = Tensor::from(doubles, {2, 2});
  CHECK(x.to_vector() == std::vector<real>{real(0.5), -1, real(1e-3), 4});
  CHECK(Tensor::from(doubles).shape() == Shape{4});
  CHECK(Tensor::from(std::vector<int>{1, 2, 3}).to_vector() == std::vector<real>{1, 2, 3});
  CHECK(Tensor::from(std::array<float, 2>{1, 2}, {2, 1}).shape() == Shape{2, 1});
  CHECK(Tensor::from(std::span<const double>(doubles).first(2)).shape() == Shape{2});
  CHECK(holds(message([&] { Tensor::from(doubles, {3}); }), "shape [3] holds 3 values: got 4"));
  if constexpr (sizeof(real) == sizeof(float))
    CHECK(holds(message([] {
                  Tensor::from(std::vector<double>{1, 1e300});
                }),
                "cannot hold 1e+300 (place 1)"));
  CHECK(std::isinf(Tensor::from(std::vector<double>{HUGE_VAL}).item()));
}

TEST_CASE("tensor: printed as numpy prints arrays") {
  CHECK(printed(Tensor::from({1, 2.5, 0, -1}, {2, 2})) == "[[1, 2.5],\n [0, -1]] [2, 2]");
  CHECK(printed(Tensor::from({1, -2}, {2})) == "[1, -2]");
  CHECK(printed(Tensor::from({1, -2})) == "[1, -2]");
  CHECK(printed(Tensor::scalar(3)) == "3");
  CHECK(printed(Tensor::from(std::vector<double>{NAN, HUGE_VAL, 1e-7, 0})) == "[nan, inf, 1e-07, 0]");
  CHECK(printed(Tensor::from({-std::numeric_limits<real>::quiet_NaN()}, {1})) == "[nan]");
  CHECK(printed(Tensor()) == "(undefined)");
  CHECK(printed(Tensor(Shape{0, 3})) == "[] [0, 3]");
  const std::string large = printed(Tensor::ones({2000}));
  CHECK(large == "[1, 1, 1, …, 1, 1, 1] [2000]");
  Tensor unset({2});
  unset.unset("x");
  CHECK(printed(unset) == "(no values yet) [2]");
}

TEST_CASE("tensor: indexed by rows and runs of them, which see the same elements") {
  Tensor x = Tensor::from({1, 2, 3, 4, 5, 6}, {3, 2});
  CHECK(x[1].to_vector() == std::vector<real>{3, 4});
  CHECK(x[-1][0].item() == 5);
  CHECK(x[{1, 3}].shape() == Shape{2, 2});
  CHECK(x[{-2, -1}].to_vector() == std::vector<real>{3, 4});
  CHECK(x[{1, 1}].numel() == 0);
  x[0].fill(9);
  CHECK(x.to_vector() == std::vector<real>{9, 9, 3, 4, 5, 6});
  x[2].copy_from(Tensor::from({7, 8}, {2}));
  CHECK(x[2][1].item() == 8);
  CHECK(holds(message([&] { x[3]; }), "index 3 is out of range for shape [3, 2]"));
  CHECK(holds(message([&] { x[-4]; }), "index -4"));
  CHECK(holds(message([&] { x[{2, 4}]; }), "2..4 is no range of the first dimension of shape [3, 2]"));
  CHECK(holds(message([] { Tensor::scalar(1)[0]; }), "rank 0"));
  CHECK(holds(message([] { Tensor()[0]; }), "undefined"));
}

TEST_CASE("tensor: a row passes its gradient back to its place") {
  Tensor x = Tensor::from({1, 2, 3, 4, 5, 6}, {3, 2});
  x.set_requires_grad(true);
  (ops::sum(x[1] * x[1]) + ops::sum(x[{0, 2}])).backward();
  CHECK(x.grad().to_vector() == std::vector<real>{1, 1, 7, 9, 0, 0});
  CHECK_FALSE(x.detach()[0].requires_grad());
}

}  // namespace fanin
