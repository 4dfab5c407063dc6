#include "datasets/exif.hpp"

#include <algorithm>

namespace fanin::datasets {
namespace {

constexpr std::uint16_t orientation_tag = 0x0112, short_type = 3, long_type = 4;

/// Numbers of a TIFF block; 0 outside of it.
struct Tiff {
  std::span<const std::uint8_t> bytes;
  bool little = false;

  std::uint32_t number(std::size_t at, std::size_t size) const {
    if (at > bytes.size() || bytes.size() - at < size) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + (little ? size - 1 - i : i)];
    return value;
  }
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> block) {
  if (block.size() < 8 || block[0] != block[1] || (block[0] != 'I' && block[0] != 'M')) return 1;
  const Tiff tiff{block, block[0] == 'I'};
  if (tiff.number(2, 2) != 42) return 1;
  const std::size_t directory = tiff.number(4, 4);
  const std::size_t count = tiff.number(directory, 2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > block.size()) return 1;
    if (tiff.number(entry, 2) != orientation_tag) continue;
    const std::uint32_t type = tiff.number(entry + 2, 2);
    if (tiff.number(entry + 4, 4) != 1 || (type != short_type && type != long_type)) return 1;
    const std::uint32_t value = tiff.number(entry + 8, type == short_type ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Raster oriented(Raster stored, int orientation) {
  if (orientation <= 1 || orientation > 8) return stored;
  const Index w = stored.width, h = stored.height, c = stored.channels;
  Raster shown{
      .width = swaps_sides(orientation) ? h : w, .height = swaps_sides(orientation) ? w : h, .channels = c};
  shown.pixels.resize(stored.pixels.size());
  auto out = shown.pixels.begin();
  for (Index y = 0; y < shown.height; ++y)
    for (Index x = 0; x < shown.width; ++x) {
      Index column = swaps_sides(orientation) ? y : x, row = swaps_sides(orientation) ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        column = w - 1 - column;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) row = h - 1 - row;
      out = std::copy_n(stored.pixels.begin() + (row * w + column) * c, c, out);
    }
  return shown;
}

}  // namespace fanin::datasets
