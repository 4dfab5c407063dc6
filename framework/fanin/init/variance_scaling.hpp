#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of xavier_uniform and xavier_normal.
struct XavierOptions {
  double gain = 1;  ///< ≥ 0, factor on the deviation
};
/// @{
/// Glorot & Bengio 2010: variance gain² · 2 / (fan in + fan out). `nn.init.xavier_uniform_`,
/// `xavier_normal_`. For 2 dimensions or more, as all in this file.
Initializer xavier_uniform(const XavierOptions& options = {});
Initializer xavier_normal(const XavierOptions& options = {});
/// @}

/// Where kaiming's gain is taken from.
enum class GainFrom {
  table,        ///< PyTorch's, `calculate_gain`; for what that lacks as `unit`
  unit,         ///< `gain`: for pre-activations of variance 1
  fixed_point,  ///< `fixed_point_gain`: for a layer's input of second moment 1
};
/// Their names in options: "table", "unit", "fixed_point".
constexpr auto choices_of(GainFrom) {
  return named_values<GainFrom>(
      "gain", {{GainFrom::table, "table"}, {GainFrom::unit, "unit"}, {GainFrom::fixed_point, "fixed_point"}});
}

/// Of kaiming_uniform and kaiming_normal.
struct KaimingOptions {
  double a = 0;                             ///< leaky_relu's negative slope
  Fan mode = Fan::in;                       ///< keep the forward signal's variance, or the gradient's
  std::string nonlinearity = "leaky_relu";  ///< what follows, one of `gain_names` or `nonlinearity_names`
  GainFrom gain = GainFrom::table;          ///< as PyTorch, or computed
};
/// @{
/// He et al. 2015: variance gain² / fan. With options that PyTorch has, `calculate_gain(nonlinearity, a)` is the
/// gain. Error for gain=fixed_point where there is none.
/// `nn.init.kaiming_uniform_`, `kaiming_normal_`; a = √5 is PyTorch's default for Linear and Conv.
Initializer kaiming_uniform(const KaimingOptions& options = {});
Initializer kaiming_normal(const KaimingOptions& options = {});
/// @}

/// Of variance_scaling.
struct VarianceScalingOptions {
  double scale = 1;                               ///< ≥ 0: variance times fan
  Fan mode = Fan::in;                             ///< which fan
  std::string distribution = "truncated_normal";  ///< uniform, normal or truncated_normal
};
/// Keras' and JAX's general form: variance scale / max(1, fan).
Initializer variance_scaling(const VarianceScalingOptions& options = {});

/// @{
/// Its named cases in Keras: lecun scale 1 fan_in, glorot scale 1 fan_avg, he scale 2 fan_in; the normals
/// truncated.
Initializer lecun_uniform();
Initializer lecun_normal();
Initializer glorot_uniform();
Initializer glorot_normal();
Initializer he_uniform();
Initializer he_normal();
/// @}

}  // namespace fanin::init
