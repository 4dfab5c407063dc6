#pragma once
#include <algorithm>

#include <fanin/core/parallel.hpp>

namespace fanin::kernels {

/// body(first, count) over [0, n) in pieces a core finishes in a few microseconds: for work element by
/// element.
template <class Body>
void each_piece(Index n, Body body, Index piece_size = 16'384) {
  parallel_for((n + piece_size - 1) / piece_size,
               [&](Index piece) { body(piece * piece_size, std::min(piece_size, n - piece * piece_size)); });
}

/// Edges of [0, n) cut into `parts` at multiples of `unit`, as even as can be.
struct UnitCut {
  Index n, unit, parts;  ///< parts ≤ max(1, n / unit)
  Index edge(Index part) const { return part == parts ? n : (n * part / parts + unit / 2) / unit * unit; }
};

/// body(first, count, row, rows) over [0, n) × [0, m): [0, n) has a stretch for each thread, cut at multiples
/// of `unit`, and where it is too short for all of them, [0, m) is cut into blocks of `row_unit` at least. In
/// one piece when `work` is too small to hand out. For work where every element is computed alike wherever
/// the cuts fall, and where the same thread should meet the same elements again: a layer's forward pass, its
/// backward pass, the optimizer.
template <class Body>
void each_share(Index n, Index unit, Index m, Index row_unit, Index work, Body body) {
  constexpr Index serial_work = 50'000;  // multiply-adds below which handing out costs more than it saves
  const Index wanted = std::min<Index>(thread_count(), 1 + work / serial_work);
  const UnitCut across{n, unit, std::clamp<Index>(n / unit, 1, wanted)};
  const UnitCut down{m, row_unit, std::clamp<Index>(m / row_unit, 1, wanted / across.parts)};
  parallel_for(across.parts * down.parts, [&](Index piece) {
    const Index i = piece / down.parts, j = piece % down.parts;
    const Index first = across.edge(i), row = down.edge(j);
    body(first, across.edge(i + 1) - first, row, down.edge(j + 1) - row);
  });
}

/// As above, of [0, n) alone.
template <class Body>
void each_share(Index n, Index unit, Index work, Body body) {
  each_share(n, unit, 1, 1, work, [&](Index first, Index count, Index, Index) { body(first, count); });
}

}  // namespace fanin::kernels
