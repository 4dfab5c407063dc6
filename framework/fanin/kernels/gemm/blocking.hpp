#pragma once
#include <fanin/core/real.hpp>

/// How a product is cut so that its parts stay in the caches.
namespace fanin::kernels {

inline constexpr Index panel_depth = 256;  ///< of a panel of B, which stays in the first-level cache
inline constexpr Index widest_panel = 32;  ///< columns of one, with AVX-512: 32 KiB
/// Rows of A that are packed at a time, 172 KB, for the second-level cache; a multiple of every tile's rows.
inline constexpr Index packed_rows = 168;
inline constexpr Index most_packed_columns = 2048;  ///< of B that are packed at a time, 2 MiB
/// Sizes from which it pays to pack A as well.
inline constexpr Index large_rows = 64, large_columns = 128, large_depth = 64;

}  // namespace fanin::kernels
