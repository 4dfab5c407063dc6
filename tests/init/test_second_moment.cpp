// What depth does to the second moment behind an activation, against closed forms and published figures.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/init/second_moment.hpp>

using namespace fanin::init;

namespace {

SecondMomentDepth depth_of(const char* activation) {
  return second_moment_depth(Nonlinearity::named(activation));
}

}  // namespace

TEST_CASE("second moment: targets, fixed points and slopes of activations") {
  const auto relu = depth_of("relu");
  CHECK(relu.target == 1);
  CHECK(relu.sigma == doctest::Approx(std::sqrt(2.0)).epsilon(1e-9));
  CHECK(relu.chi == doctest::Approx(1).epsilon(1e-9));
  CHECK(relu.verdict == DepthVerdict::marginal);
  CHECK(std::isinf(relu.tenfold));
  // Klambauer et al. 2017: mean 0 and variance 1 stay, and the variance's own derivative is 0.782648.
  const auto selu = depth_of("selu");
  CHECK(selu.sigma == doctest::Approx(1).epsilon(1e-6));
  CHECK(selu.slope == doctest::Approx(0.782648).epsilon(1e-5));
  CHECK(selu.verdict == DepthVerdict::contractive);
  CHECK(selu.tenfold == doctest::Approx(std::log(10.0) / -std::log(0.782648)).epsilon(1e-4));
  const auto silu = depth_of("silu");
  CHECK(silu.sigma == doctest::Approx(1.5588).epsilon(1e-4));
  CHECK(silu.verdict == DepthVerdict::expansive);
  CHECK(silu.slope > 1);
  // What cannot be 1 is held in the middle of what it can be.
  CHECK(depth_of("tanh").target == doctest::Approx(0.5).epsilon(1e-5));
  CHECK(depth_of("sigmoid").target == doctest::Approx(0.375).epsilon(1e-5));
  // E[sin²(ωσz)] = (1 - exp(-2 ω²σ²)) / 2, whose middle is at 2 ω²σ² = ln 2; its slope there is ln 2.
  const auto sine = depth_of("sine(omega=30)");
  CHECK(sine.target == doctest::Approx(0.25).epsilon(1e-4));
  CHECK(sine.sigma == doctest::Approx(std::sqrt(std::log(2.0) / 2) / 30).epsilon(1e-4));
  CHECK(sine.slope == doctest::Approx(std::log(2.0)).epsilon(1e-3));
}

TEST_CASE("second moment: a target that cannot be had is infeasible") {
  CHECK(second_moment_depth(Nonlinearity::named("tanh"), 2).verdict == DepthVerdict::infeasible);
  CHECK(second_moment_depth(Nonlinearity::named("sigmoid"), 0.2).verdict == DepthVerdict::infeasible);
  const auto quarter = second_moment_depth(Nonlinearity::named("relu"), 0.25);
  CHECK(quarter.sigma == doctest::Approx(std::sqrt(0.5)).epsilon(1e-9));
  const Nonlinearity constant([](double) { return 3.0; }, [](double) { return 0.0; });
  CHECK(second_moment_depth(constant).verdict == DepthVerdict::infeasible);
}
