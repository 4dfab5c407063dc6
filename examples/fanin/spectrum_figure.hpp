#pragma once
#include <fanin/compare/figure.hpp>

#include "examples/fanin/spectra_over_time.hpp"

namespace fanin::program {

/// Singular values of each weight, largest first, over their share of the rank; of many weights, those of the most
/// values. Error where none has one above 0.
compare::Figure spectrum_figure(const SpectraOverTime& moments);

}  // namespace fanin::program
