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

/// body(first, count) over [0, n), one stretch for each thread, cut at multiples of `unit`; in one piece when
/// `work` is too small to hand out. For work where every element is computed alike wherever the cuts fall,
/// and where the same thread should meet the same elements again: a layer's forward pass, its backward pass,
/// the optimizer.
template <class Body>
void each_share(Index n, Index unit, Index work, Body body) {
  constexpr Index serial_work = 50'000;  // multiply-adds below which handing out costs more than it saves
  const Index shares = work < serial_work ? 1 : std::clamp<Index>(n / unit, 1, threads());
  const auto edge = [&](Index share) {
    return share == shares ? n : (n * share / shares + unit / 2) / unit * unit;
  };
  parallel_for(shares, [&](Index share) { body(edge(share), edge(share + 1) - edge(share)); });
}

}  // namespace fanin::kernels
