#pragma once
#include <fanin/core/real.hpp>

/// How a product is cut so that its parts stay in the caches.
namespace fanin::kernels {

/// The most of a panel of B, two vectors wide, which may fill a first-level cache of 32 KiB and leaves A to stream
/// through: a deeper one loads and stores the tile of C more rarely.
inline constexpr Index panel_elements = 32'768 / static_cast<Index>(sizeof(real));
inline constexpr Index most_panel_depth = 512;  ///< terms of one
inline constexpr Index widest_panel = 32;       ///< columns of one, with AVX-512
/// Elements of A that are packed at a time, 172 KB, for the second-level cache: a multiple of every tile's rows by a
/// panel's depth.
inline constexpr Index packed_elements = 43'008;
inline constexpr Index most_packed_columns = 2048;  ///< of B that are packed at a time, 4 MiB at most
/// Sizes from which it pays to pack A as well.
inline constexpr Index large_rows = 64, large_columns = 128, large_depth = 64;

}  // namespace fanin::kernels
