#pragma once
#include <string>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin::start {

/// A name that is still to be matched, and its shape.
struct Unmatched {
  std::string name;          ///< in full
  std::vector<Index> sizes;  ///< outermost first
};

/// Which of those that are free may be what `one` is called on the other side: the nearest by spelling, else
/// the only one of the same shape and last part ("weight"), where both have parts. Empty where none is.
std::string counterpart(const Unmatched& one, const std::vector<Unmatched>& free);

}  // namespace fanin::start
