#include <algorithm>
#include <array>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pieces.hpp>
#include <fanin/ops/pointwise.hpp>

namespace fanin::ops {
namespace {

// Each with y = value(x) and dy/dx = slope(y) where it is `from_output`, slope(x) elsewhere.

struct Exp {
  static constexpr const char* name = "exp";
  double value(double x) const { return std::exp(x); }
  static constexpr bool from_output = true;
  double slope(double y) const { return y; }
};
struct Log {
  static constexpr const char* name = "log";
  double value(double x) const { return std::log(x); }
  static constexpr bool from_output = false;
  double slope(double x) const { return 1 / x; }
};
struct Sqrt {
  static constexpr const char* name = "sqrt";
  double value(double x) const { return std::sqrt(x); }
  static constexpr bool from_output = true;
  double slope(double y) const { return 0.5 / y; }
};
struct Abs {
  static constexpr const char* name = "abs";
  double value(double x) const { return std::abs(x); }
  static constexpr bool from_output = false;
  double slope(double x) const { return x > 0 ? 1 : x < 0 ? -1 : x; }
};
struct Pow {
  static constexpr const char* name = "pow";
  double exponent;
  double value(double x) const { return std::pow(x, exponent); }
  static constexpr bool from_output = false;
  double slope(double x) const { return exponent == 0 ? 0 : exponent * std::pow(x, exponent - 1); }
};
struct Clamp {
  static constexpr const char* name = "clamp";
  double least, most;
  double value(double x) const { return std::isnan(x) ? x : std::clamp(x, least, most); }
  static constexpr bool from_output = false;
  double slope(double x) const { return x >= least && x <= most ? 1 : 0; }
};

template <class Function>
struct PointwiseOp {
  static constexpr const char* name = Function::name;
  Function function;
  Tensor kept;  // x or y, whichever the derivative needs

  auto saved() const { return std::array{kept}; }

  Tensor forward(const Tensor& x) {
    Tensor y(x.shape());
    const real* from = x.data();
    real* to = y.data();
    kernels::each_piece(x.numel(), [&](Index begin, Index count) {
      for (Index i = begin; i < begin + count; ++i)
        to[i] = static_cast<real>(function.value(static_cast<double>(from[i])));
    });
    kept = Function::from_output ? y : x;
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    const real *at = std::as_const(kept).data(), *g = grad_output.data();
    kernels::each_piece(kept.numel(), [&](Index begin, Index count) {
      for (Index i = begin; i < begin + count; ++i) {
        const real change = g[i] * static_cast<real>(function.slope(static_cast<double>(at[i])));
        gx.data[i] = gx.accumulate ? gx.data[i] + change : change;
      }
    });
  }
};

template <class Function>
Tensor apply(const Tensor& x, Function function) {
  require_defined(Function::name, "input", x);
  return record(PointwiseOp<Function>{function, {}}, x);
}

}  // namespace

Tensor exp(const Tensor& x) { return apply(x, Exp{}); }
Tensor log(const Tensor& x) { return apply(x, Log{}); }
Tensor sqrt(const Tensor& x) { return apply(x, Sqrt{}); }
Tensor abs(const Tensor& x) { return apply(x, Abs{}); }
Tensor pow(const Tensor& x, double exponent) { return apply(x, Pow{exponent}); }

Tensor clamp(const Tensor& x, double least, double most) {
  if (!(least <= most)) fail("clamp: the least value {} must not be above the most, {}", least, most);
  return apply(x, Clamp{least, most});
}

}  // namespace fanin::ops
