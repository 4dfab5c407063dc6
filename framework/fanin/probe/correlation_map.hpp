#pragma once
#include <cmath>

#include <fanin/probe/probe.hpp>

namespace fanin::probe {

/// How the correlation c of two samples changes from layer to layer (Schoenholz et al. 2017): towards c*,
/// by a factor exp(-1/ξ) a layer, c' - c* = (c - c*) exp(-1/ξ). Where c* is 1 and ξ much less than the
/// depth, the samples look alike at the end and there is nothing to tell them apart by.
struct CorrelationMap {
  double limit =
      NAN;  ///< c*; NaN where the layers show no such law: fewer than five, or no approach to a limit
  double depth = NAN;  ///< ξ_c, layers; NaN likewise
};

/// The straight line through the pairs (c of a hidden layer, c of the next), fitted by least squares.
/// Layers in idle branches are left out.
CorrelationMap correlation_map(const Probe& probe);

}  // namespace fanin::probe
