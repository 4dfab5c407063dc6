// The checker itself: it passes a right gradient and notices a slightly wrong, a partly wrong and a missing
// one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>

#include "tests/double/gradcheck_inputs.hpp"

namespace fanin::gradcheck_test {
namespace {

/// x³ with a gradient that is `factor` times the right one, wrong only from element `first_wrong` on.
struct Cube {
  static constexpr const char* name = "cube";
  double factor;
  Index first_wrong = 0;
  Tensor x;

  Tensor forward(const Tensor& input) {
    x = input;
    Tensor y(x.shape());
    for (Index i = 0; i < x.numel(); ++i) y.data()[i] = x.data()[i] * x.data()[i] * x.data()[i];
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    for (Index i = 0; i < x.numel(); ++i) {
      const real g = 3 * x.data()[i] * x.data()[i] * grad_output.data()[i] *
                     static_cast<real>(i < first_wrong ? 1 : factor);
      gx.data[i] = (gx.accumulate ? gx.data[i] : 0) + g;
    }
  }
};

TEST_CASE("gradcheck passes a right gradient and measures a wrong one") {
  const auto error_of = [](double factor, Index first_wrong) {
    return gradcheck(
        [&](const Inputs& in) {
          return record(Cube{factor, first_wrong, {}}, in[0]);
        },
        {random({10}, 1, 0.5, 1)});
  };
  CHECK(error_of(1, 0) < bound);
  for (const double factor :
       gradcheck_in_double ? std::vector{1.0001, 1 / 1.0001} : std::vector{1.1, 1 / 1.1}) {
    const double expected = std::abs(factor - 1) / std::max(factor, 1.0);
    CHECK(error_of(factor, 0) == doctest::Approx(expected).epsilon(0.01));
    CHECK(error_of(factor, 9) == doctest::Approx(expected).epsilon(0.01));
    CHECK(expected > 5 * bound);
  }
  CHECK(error_of(0, 9) == doctest::Approx(1));
}

TEST_CASE("gradcheck notices a gradient that never arrives") {
  CHECK(gradcheck([](const Inputs& in) { return in[0] + in[1].detach(); },
                  {random({3}, 1), random({3}, 2)}) == doctest::Approx(1));
}

TEST_CASE("gradcheck follows inputs of any size") {
  for (const double size : {1e-3, 1.0, 1e3}) {
    CAPTURE(size);
    CHECK(gradcheck([](const Inputs& in) { return in[0] * in[0] / in[0] * in[0]; },
                    {random({8}, 1, 0.5 * size, size)}) < bound);
  }
}

TEST_CASE("gradcheck refuses a step that rounding swallows, and inputs that want no gradient") {
  const auto twice = [](const Inputs& in) { return in[0] * 2; };
  for (const double step : {0.0, -1e-2, 1e-17, gradcheck_in_double ? 1e-13 : 1e-5, 2.0, std::nan("")}) {
    CAPTURE(step);
    CHECK_THROWS_WITH_AS(gradcheck(twice, {random({3}, 1)}, step), doctest::Contains("step"), Error);
  }
  CHECK_THROWS_WITH_AS(gradcheck(twice, {random({3}, 1).set_requires_grad(false)}),
                       doctest::Contains("requires grad"), Error);
  CHECK_THROWS_WITH_AS(gradcheck(twice, {}), doctest::Contains("requires grad"), Error);
}

}  // namespace
}  // namespace fanin::gradcheck_test
