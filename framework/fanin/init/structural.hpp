#pragma once
#include <cmath>
#include <string>

#include <fanin/init/initializer.hpp>

// Schemes whose rule depends on where a layer stands in its model (init/site.hpp).
namespace fanin::init {

struct ZerOOptions {
  std::string scale = "paper";  ///< or "code", see fanin inits zero_o
};
/// Zhao et al. 2021: identities, and Hadamard matrices where a layer widens. Nothing is drawn.
Initializer zero_o(const ZerOOptions& options = {});

struct SirenOptions {
  double omega = 30;
};
/// Sitzmann et al. 2020: for nets with sin(ω x) as their activation.
Initializer siren(const SirenOptions& options = {});

struct MupOptions {
  double base_width = 64;
  double gain = std::sqrt(2.0);
};
/// Yang & Hu 2021: the initial variances of the maximal update parametrization.
Initializer mup(const MupOptions& options = {});

struct FixupOptions {
  Base base =
      "kaiming_normal";  ///< draws the layers outside any branch, and the others before they are scaled
};
Initializer fixup(const FixupOptions& options = {});

struct ReZeroOptions {
  double alpha = 0;
  Base base = "kaiming_normal";
};
/// Bachlechner et al. 2020; De & Smith 2020 (SkipInit): the scale of every residual branch starts at α.
Initializer rezero(const ReZeroOptions& options = {});

}  // namespace fanin::init
