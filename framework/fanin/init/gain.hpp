#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// `nn.init.calculate_gain`: by how much a layer's weights must be larger than 1/√fan to make up for what the
/// nonlinearity takes from the signal. `param` is leaky_relu's negative slope. Error for an unknown name.
/// Part of the table is exact, part a convention: see `gain_notes`.
double calculate_gain(const std::string& nonlinearity, double param = 0.01);
/// The names `calculate_gain` knows.
const std::vector<std::string>& gain_names();

/// By how much weights must exceed 1/√fan for a signal of variance 1 to keep its second moment through the
/// layer and the nonlinearity f (He et al. 2015, for any f).
struct Gain {
  double forward;   ///< 1/√E[f(z)²], z ~ N(0, 1), with fan_in
  double backward;  ///< 1/√E[f'(z)²], with fan_out: keeps the gradient's
};
/// Both gains by quadrature (`gaussian_mean`). Error where f or its derivative is zero throughout or not
/// finite.
Gain gain(const Nonlinearity& nonlinearity);
/// @{
/// The one of the two, or the other; a step has no backward gain.
double forward_gain(const Nonlinearity& nonlinearity);
double backward_gain(const Nonlinearity& nonlinearity);
/// @}
/// For one of the framework's activations: `gain("gelu")`, `gain("leaky_relu(0.2)")`.
Gain gain(const std::string& activation);

/// The gain at which a signal that enters a layer with second moment 1 leaves the activation behind it with second
/// moment 1, in weights of variance gain²/fan_in. `gain` keeps another thing: it is for pre-activations of variance
/// 1, which the layer makes only of an input with second moment 1/gain².
struct FixedPointGain {
  double sigma;     ///< σ*, the least with E[f(σ* z)²] = 1; the pre-activations' deviation
  double backward;  ///< 1/√E[f'(σ* z)²]
  double slope;     ///< the factor on a small deviation of the second moment per layer: below 1 it settles
  double chi;       ///< σ*² E[f'(σ* z)²], the factor on the gradient's variance per layer
};
/// None where no σ in [1e-3, 1e3] does it, as for tanh, whose square is below 1. Error as for `gain`.
std::optional<FixedPointGain> fixed_point_gain(const Nonlinearity& nonlinearity);

/// An activation's computed gains beside PyTorch's table, and what the table's number is.
struct GainNote {
  std::string activation;         ///< a call text
  Gain computed;                  ///< by `gain`
  std::optional<double> pytorch;  ///< by `calculate_gain`; none where the table has no such entry
  std::string remark;             ///< exact, or by which convention
};
/// One for each activation.
std::vector<GainNote> gain_notes();

}  // namespace fanin::init
