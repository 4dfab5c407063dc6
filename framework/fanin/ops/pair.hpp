#pragma once
#include <fanin/core/real.hpp>

namespace fanin::ops {

/// An option of a 2-d op, for height and for width: `{1, 2}`, or one number for both: `.stride = 2`.
struct Pair {
  Index h, w;                                       ///< height's and width's
  constexpr Pair(Index both) : h(both), w(both) {}  ///< implicit: one number is the usual case
  constexpr Pair(Index height, Index width) : h(height), w(width) {}  ///< each its own
  bool operator==(const Pair&) const = default;
};

}  // namespace fanin::ops
