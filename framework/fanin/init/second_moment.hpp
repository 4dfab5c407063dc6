#pragma once
#include <optional>
#include <string>

#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// What becomes of a deviation of the second moment, layer by layer.
enum class DepthVerdict {
  contractive,  ///< it shrinks
  marginal,     ///< it stays as it is, as ReLU's does
  expansive,    ///< it grows
  infeasible,   ///< no scale of the weights gives the second moment
};
/// "contractive", …
const char* name_of(DepthVerdict verdict);

/// A deep net of one activation whose weights, all of one scale, hold the second moment behind every activation at
/// `target`: weights of variance (σ²/target)/fan_in, no biases, in the limit of great width.
struct SecondMomentDepth {
  double target = 1;  ///< E[f(σ z)²]
  double least = 0;   ///< of what the second moment can be, f(0)², as σ goes to 0
  double most = 0;    ///< the greatest for any σ from 1e-3 to 1e6
  double sigma =
      0;  ///< σ*, the least with E[f(σ* z)²] = target: the deviation of what the activation is given
  double slope = 0;  ///< the factor on a small relative deviation of the second moment per layer
  double chi = 0;    ///< χ₁ = σ*²/target E[f'(σ* z)²], the factor on the gradient's variance per layer
  double tenfold = 0;  ///< layers until a deviation is ten times, or a tenth of, what it was; may be infinite
  double gradient_tenfold = 0;                      ///< the same of the gradient's variance
  DepthVerdict verdict = DepthVerdict::infeasible;  ///< by `slope`, marginal within 1e-6 of 1
};

/// That of f. Where no target is given it is 1 if f can have it with a margin (5 % within `least` and `most`), else the
/// middle between them: 0.5 for tanh, 0.375 for sigmoid. Infeasible, with σ = 0, where no σ gives the target.
SecondMomentDepth second_moment_depth(const Nonlinearity& f, std::optional<double> target = std::nullopt);

}  // namespace fanin::init
