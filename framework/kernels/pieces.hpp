#pragma once
#include <algorithm>

#include "framework/core/parallel.hpp"

namespace fanin::kernels {

/// body(first, count) over [0, n) in pieces a core finishes in a few microseconds: for work element by
/// element.
template <class Body>
void each_piece(Index n, Body body, Index piece_size = 16'384) {
  parallel_for((n + piece_size - 1) / piece_size,
               [&](Index piece) { body(piece * piece_size, std::min(piece_size, n - piece * piece_size)); });
}

}  // namespace fanin::kernels
