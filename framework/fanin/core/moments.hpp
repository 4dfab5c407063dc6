#pragma once
#include <span>

#include <fanin/core/real.hpp>

namespace fanin {

struct Moments {
  double mean = 0;
  double std = 0;  ///< of the values as a population: divided by their count
};

/// Mean and standard deviation in two passes, in double; zeros for no values.
Moments moments(std::span<const real> values);

/// Euclidean norm, summed in double.
double norm(std::span<const real> values);

}  // namespace fanin
