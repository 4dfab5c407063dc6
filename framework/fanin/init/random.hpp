#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of uniform.
struct UniformOptions {
  double a = 0, b = 1;  ///< a ≤ b
};
/// Evenly from [a, b): `nn.init.uniform_`. Variance (b - a)² / 12.
Initializer uniform(const UniformOptions& options = {});

/// Of normal.
struct NormalOptions {
  double mean = 0, std = 1;  ///< std ≥ 0
};
/// N(mean, std²): `nn.init.normal_`. Any shape.
Initializer normal(const NormalOptions& options = {});

/// Of trunc_normal.
struct TruncNormalOptions {
  double mean = 0, std = 1, a = -2, b = 2;  ///< a ≤ b, std ≥ 0; mean and std are those before truncation
};
/// A normal of which only what falls within [a, b] (values, not multiples of std) is kept:
/// `nn.init.trunc_normal_`.
Initializer trunc_normal(const TruncNormalOptions& options = {});

/// Of fan_uniform.
struct FanUniformOptions {
  Fan mode = Fan::in;  ///< which fan of the layer
};
/// Evenly from ±1/√fan: PyTorch's default for the biases of Linear and Conv (and, with mode = Fan::out, of a
/// transposed convolution). Takes the layer's fan, so it fills a 1-d tensor as well; zeros when that fan is
/// 0.
Initializer fan_uniform(const FanUniformOptions& options = {});

/// The `fill` of a scheme that states its deviation d and draws N(0, d²).
void fill_normal(Tensor& w, const Site& site, Generator& gen, const Initializer& of);
/// The same: U(±√3 d).
void fill_uniform(Tensor& w, const Site& site, Generator& gen, const Initializer& of);
/// Fills `w` as `nn.init.trunc_normal_` does: by the inverse of the normal's distribution function, one
/// output an element. Error unless a ≤ b and std ≥ 0.
void fill_trunc_normal(Tensor& w, Generator& gen, double mean, double std, double a, double b);

}  // namespace fanin::init
