#pragma once
#include <cstdint>
#include <span>

#include "datasets/raster.hpp"

namespace fanin::datasets {

/// The orientation that an EXIF block (a TIFF header and its first directory, in either byte order) asks for,
/// 1..8; 1 where it asks for none or makes no sense. Reads nothing outside `block`.
int exif_orientation(std::span<const std::uint8_t> block);

/// `stored` as a viewer shows it under `orientation`; 5..8 swap width and height.
Raster oriented(Raster stored, int orientation);

/// Whether width and height are swapped.
inline bool swaps_sides(int orientation) { return orientation >= 5 && orientation <= 8; }

}  // namespace fanin::datasets
