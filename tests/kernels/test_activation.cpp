#include <limits>

#include <fanin/kernels/pointwise/activation.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;
using kernels::Activation;
using Kind = Activation::Kind;

namespace {

/// The definitions, in double.
double value_of(Activation activation, double x) {
  const double p = static_cast<double>(activation.parameter);
  switch (activation.kind) {
    case Kind::none:
      return x;
    case Kind::relu:
      return std::max(x, 0.0);
    case Kind::leaky_relu:
      return x > 0 ? x : p * x;
    case Kind::elu:
      return x > 0 ? x : p * std::expm1(x);
    case Kind::selu:
      return 1.0507009873554804934 * (x > 0 ? x : 1.6732632423543772848 * std::expm1(x));
    case Kind::gelu:
      return x * 0.5 * std::erfc(-x * M_SQRT1_2);
    case Kind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Kind::tanh:
      return std::tanh(x);
    case Kind::softplus:
      return p * x > 20 ? x : std::log1p(std::exp(p * x)) / p;
    case Kind::silu:
      return x / (1 + std::exp(-x));
    case Kind::sine:
      return std::sin(p * x);
    case Kind::mish:
      return x * std::tanh(std::log1p(std::exp(x)));
    case Kind::relu6:
      return std::min(std::max(x, 0.0), 6.0);
    case Kind::hardtanh:
      return std::min(std::max(x, -1.0), 1.0);
    case Kind::hardswish:
      return x * std::min(std::max(x + 3, 0.0), 6.0) / 6;
    case Kind::softsign:
      return x / (1 + std::abs(x));
  }
  return x;
}

const Activation all[] = {{},
                          {Kind::relu},
                          {Kind::leaky_relu, real(0.1)},
                          {Kind::leaky_relu, real(-0.5)},
                          {Kind::elu, 1},
                          {Kind::elu, real(-0.5)},
                          {Kind::selu},
                          {Kind::gelu},
                          {Kind::sigmoid},
                          {Kind::tanh},
                          {Kind::softplus, 1},
                          {Kind::softplus, 3},
                          {Kind::silu},
                          {Kind::sine, 2},
                          {Kind::mish},
                          {Kind::relu6},
                          {Kind::hardtanh},
                          {Kind::hardswish},
                          {Kind::softsign}};

/// Error of `found` in units of the last place of the float (or double) nearest to `exact`.
double ulps(real found, double exact) {
  const real nearest = static_cast<real>(exact);
  if (found == nearest) return 0;
  const real magnitude = std::max(std::abs(nearest), std::numeric_limits<real>::min());
  const double unit =
      static_cast<double>(std::nextafter(magnitude, std::numeric_limits<real>::infinity()) - magnitude);
  return std::abs(static_cast<double>(found) - exact) / unit;
}

double worst_ulps(Activation activation, real low, real high) {
  const Index n = 40'001;
  Numbers x(static_cast<std::size_t>(n)), y = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = low + (high - low) * static_cast<real>(i) / static_cast<real>(n - 1);
  kernels::activation_forward(activation, n, x.data(), y.data());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, ulps(y[i], value_of(activation, static_cast<double>(x[i]))));
  }
  return worst;
}

}  // namespace

TEST_CASE("the vector functions keep their stated errors over their whole range") {
  on_every_isa([] {
    for (const real span : {real(0.01), real(1), real(9), real(80)}) {
      INFO("range " << span);
      CHECK(worst_ulps({Kind::tanh}, -span, span) <= 3);
      CHECK(worst_ulps({Kind::sigmoid}, -span, span) <= 3);
      CHECK(worst_ulps({Kind::elu, 1}, -span, span) <= 2);
      CHECK(worst_ulps({Kind::softplus, 1}, -span, std::min(span, real(19))) <= 4);
      CHECK(worst_ulps({Kind::silu}, -span, span) <= 4);
      CHECK(worst_ulps({Kind::mish}, -span, span) <= 8);
      CHECK(worst_ulps({Kind::softsign}, -span, span) <= 2);
      CHECK(worst_ulps({Kind::hardswish}, -std::min(span, real(2.9)), span) <= 3);
      CHECK(worst_ulps({Kind::gelu}, -std::min(span, real(13)), 0) <= 12);
      CHECK(worst_ulps({Kind::gelu}, 0, span) <= 8);
    }
    Numbers x(20'001), y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = real(-87) + static_cast<real>(i) * real(175.7) / 20'000;
    kernels::exponentials(static_cast<Index>(x.size()), x.data(), y.data());
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, ulps(y[i], std::exp(static_cast<double>(x[i]))));
    CHECK(worst <= 2);
  });
}

TEST_CASE(
    "sine and its slope keep their stated error near and far from zero, on every side of the range reduction") {
  const auto worst_slope_ulps = [](real low, real high) {
    const Index n = 40'001;
    Numbers x(static_cast<std::size_t>(n)), one(x.size(), 1), slope(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = low + (high - low) * static_cast<real>(i) / static_cast<real>(n - 1);
    kernels::activation_backward({Kind::sine, 1}, n, x.data(), nullptr, one.data(), slope.data(), false);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, ulps(slope[i], std::cos(static_cast<double>(x[i]))));
    return worst;
  };
  on_every_isa([&] {
    for (const real span :
         {real(0.01), real(1), real(4), real(100), real(9.9e4), real(1.2e5), real(1e9), real(1e30)}) {
      INFO("range " << span);
      CHECK(worst_ulps({Kind::sine, 1}, -span, span) <= 2);
      CHECK(worst_slope_ulps(-span, span) <= 2);
    }
    // The floats nearest to multiples of π/2, where cancellation is worst.
    Numbers x, y;
    for (int k = 1; k < 60'000; ++k) x.push_back(static_cast<real>(k * M_PI_2));
    y.resize(x.size());
    const Numbers one(x.size(), 1);
    const auto n = static_cast<Index>(x.size());
    double worst = 0;
    kernels::activation_forward({Kind::sine, 1}, n, x.data(), y.data());
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, ulps(y[i], std::sin(static_cast<double>(x[i]))));
    kernels::activation_backward({Kind::sine, 1}, n, x.data(), nullptr, one.data(), y.data(), false);
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, ulps(y[i], std::cos(static_cast<double>(x[i]))));
    CHECK(worst <= 2);
    const real inf = std::numeric_limits<real>::infinity();
    const Numbers odd = {real(0.0), real(-0.0), inf, -inf, std::nanf("")};
    Numbers out(odd.size());
    kernels::activation_forward({Kind::sine, 1}, 5, odd.data(), out.data());
    CHECK_FALSE(std::signbit(out[0]));
    CHECK((out[1] == 0 && std::signbit(out[1])));
    for (std::size_t i = 2; i < 5; ++i) CHECK(std::isnan(out[i]));
  });
}

TEST_CASE("activations meet infinities, NaN and zeros as PyTorch does") {
  const real inf = std::numeric_limits<real>::infinity(), nan = std::numeric_limits<real>::quiet_NaN();
  const Numbers x = {inf, -inf, nan, 0, real(-0.0), 1000, -1000};
  on_every_isa([&] {
    const auto apply = [&](Activation activation) {
      Numbers y = x;
      kernels::activation_forward(activation, static_cast<Index>(y.size()), y.data(), y.data());  // in place
      CHECK(std::isnan(y[2]));
      return y;
    };
    const Numbers tanh = apply({Kind::tanh}), sigmoid = apply({Kind::sigmoid}), relu = apply({Kind::relu});
    CHECK(tanh[0] == 1);
    CHECK(tanh[1] == -1);
    CHECK(std::signbit(tanh[4]));
    CHECK(sigmoid[0] == 1);
    CHECK(sigmoid[1] == 0);
    CHECK(sigmoid[6] == 0);
    CHECK(relu[0] == inf);
    CHECK(relu[1] == 0);
    const Numbers gelu = apply({Kind::gelu});
    CHECK(gelu[0] == inf);
    CHECK(std::isnan(gelu[1]));  // -inf · 0
    CHECK(gelu[5] == 1000);
    CHECK(gelu[6] == 0);
    const Numbers elu = apply({Kind::elu, 1}), softplus = apply({Kind::softplus, 1});
    CHECK(elu[1] == -1);
    CHECK(softplus[0] == inf);
    CHECK(softplus[1] == 0);
    Numbers e(x.size());
    kernels::exponentials(static_cast<Index>(x.size()), x.data(), e.data());
    CHECK(e[0] == inf);
    CHECK(e[1] == 0);
    CHECK(std::isnan(e[2]));
    CHECK(e[3] == 1);
    CHECK(e[5] == inf);
    CHECK(e[6] == 0);
  });
}

TEST_CASE(
    "every activation's backward is its slope times the gradient, from what it says it needs, in place or "
    "added") {
  on_every_isa([] {
    for (const Activation activation : all) {
      INFO("activation " << static_cast<int>(activation.kind) << " parameter " << activation.parameter);
      const Index n = 40'007;  // more than one piece, and a ragged end
      const Numbers x = random_numbers(n, 1, -4, 4), grad = random_numbers(n, 2);
      const Numbers y = same_on_two_threads(
          x, [&](real* out) { kernels::activation_forward(activation, n, x.data(), out); });
      Numbers expected(x.size()), expected_y(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double h = 1e-5, at = static_cast<double>(x[i]);
        expected_y[i] = static_cast<real>(value_of(activation, at));
        const double slope = (value_of(activation, at + h) - value_of(activation, at - h)) / (2 * h);
        expected[i] = std::abs(at) < 2 * h ? 0 : grad[i] * static_cast<real>(slope);
      }
      CHECK(difference(y, expected_y) < 1e-6);
      const bool needs_input = kernels::backward_needs_input(activation);
      for (const bool accumulate : {false, true}) {
        Numbers found = same_on_two_threads(grad, [&](real* g) {  // grad_x aliases grad_y
          kernels::activation_backward(activation, n, needs_input ? x.data() : nullptr,
                                       needs_input ? nullptr : y.data(), g, g, accumulate);
        });
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (std::abs(x[i]) < real(2e-5)) found[i] = expected[i] + (accumulate ? grad[i] : 0);
          if (accumulate) found[i] -= grad[i];
        }
        CHECK(difference(found, expected) < 2e-6);
      }
    }
  });
}
