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

/// Of kaiming_uniform and kaiming_normal.
struct KaimingOptions {
  double a = 0;                             ///< leaky_relu's negative slope
  Fan mode = Fan::in;                       ///< keep the forward signal's variance, or the gradient's
  std::string nonlinearity = "leaky_relu";  ///< what follows, one of `gain_names`
};
/// @{
/// He et al. 2015: variance gain² / fan, the gain being `calculate_gain(nonlinearity, a)`.
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
