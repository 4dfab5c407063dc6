#pragma once
#include <cmath>
#include <string>

#include <fanin/init/initializer.hpp>

// Schemes whose rule depends on where a layer stands in its model (init/site.hpp).
namespace fanin::init {

/// Of zero_o.
struct ZerOOptions {
  /// Of a Hadamard matrix for m = ⌈log₂ out⌉: "paper" 2^(-(m-1)/2), "code" 2^(-m/2), the authors' program,
  /// which makes its columns orthonormal.
  std::string scale = "paper";
};
/// Zhao et al. 2021, ZerO: identities, and Hadamard matrices where a layer widens, at the centre of kernels;
/// a residual branch's last layer 0. Nothing is drawn. For 2 dimensions or more.
Initializer zero_o(const ZerOOptions& options = {});

/// Of siren.
struct SirenOptions {
  double omega = 30;  ///< ω > 0 of the activation
};
/// Sitzmann et al. 2020: for nets with sin(ω x) as their activation. U(±1/fan_in) in the first layer,
/// U(±√(6/fan_in)/ω) in the others; biases U(±1/√fan_in).
Initializer siren(const SirenOptions& options = {});

/// Of mup.
struct MupOptions {
  double base_width = 64;        ///< whole, ≥ 1: where it is the standard parametrization
  double gain = std::sqrt(2.0);  ///< ≥ 0: √2 for ReLU, 1 for tanh
};
/// Yang & Hu 2021: the initial variances of the maximal update parametrization, N(0, gain²/fan_in), and
/// N(0, gain²·base_width/fan_in²) in the last layer. Learning rates scale with width as well
/// (start/width.hpp). For 2 dimensions or more.
Initializer mup(const MupOptions& options = {});

/// Of fixup.
struct FixupOptions {
  /// Draws the layers outside any branch, and the others before they are scaled.
  Base base = "kaiming_normal";
};
/// Zhang et al. 2019: residual nets without normalization. In each of L residual branches of m layers the
/// base's draw times L^(-1/(2m-2)), but 0 in the branch's last layer; 0 in the model's last layer as well.
/// For 2 dimensions or more. Error (usage) for a model without residual branches.
Initializer fixup(const FixupOptions& options = {});

/// Of rezero.
struct ReZeroOptions {
  double alpha = 0;              ///< α
  Base base = "kaiming_normal";  ///< draws everything else
};
/// Bachlechner et al. 2020; De & Smith 2020 (SkipInit): the scale of every residual branch starts at α.
/// Error (usage) for a model without a branch that has a learnable scale.
Initializer rezero(const ReZeroOptions& options = {});

}  // namespace fanin::init
