#pragma once
#include <span>

#include <fanin/core/real.hpp>

namespace fanin {

/// The first two moments of some values.
struct Moments {
  double mean = 0;  ///< 0 where there are no values
  double std = 0;   ///< of the values as a population: divided by their count
};

/// Mean and standard deviation in two passes, in double; zeros for no values.
Moments moments(std::span<const real> values);

/// Euclidean norm, summed in double.
double norm(std::span<const real> values);

}  // namespace fanin
