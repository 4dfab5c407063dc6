// The checker itself: it passes a right gradient and notices a slightly wrong, a partly wrong and a missing
// one.
#include <doctest/doctest.h>

#include "framework/autograd/node.hpp"
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
      const double g = 3 * x.data()[i] * x.data()[i] * grad_output.data()[i] * (i < first_wrong ? 1 : factor);
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
  CHECK(error_of(1.0001, 0) == doctest::Approx(1e-4).epsilon(0.01));
  CHECK(error_of(1.0001, 9) == doctest::Approx(1e-4).epsilon(0.01));
  CHECK(error_of(0, 9) == doctest::Approx(1));
}

TEST_CASE("gradcheck notices a gradient that never arrives") {
  CHECK(gradcheck([](const Inputs& in) { return in[0] + in[1].detach(); },
                  {random({3}, 1), random({3}, 2)}) == doctest::Approx(1));
}

}  // namespace
}  // namespace fanin::gradcheck_test
