#include "datasets/bmp_check.hpp"

#include <cstdlib>

#include <fanin/core/fail.hpp>

#include "datasets/raster.hpp"

namespace fanin::datasets {

void check_bmp(std::span<const std::uint8_t> file, const std::string& path) {
  const auto broken = [&](const std::string& why) { fail("{}: broken image ({})", path, why); };
  const auto number = [&](std::size_t at, std::size_t size) {
    if (at > file.size() || file.size() - at < size) broken("the BMP data are cut short");
    std::uint32_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | file[at + i];
    return value;
  };
  const std::size_t offset = number(10, 4), header = number(14, 4);
  if (header != 12 && header != 40 && header != 56 && header != 108 && header != 124)
    fail("{}: a BMP image with a header of {} bytes, which is not read; convert it to PNG", path, header);
  const bool old = header == 12;
  const Index width = old ? number(18, 2) : static_cast<std::int32_t>(number(18, 4));
  const Index height =
      old ? number(20, 2) : std::abs(static_cast<Index>(static_cast<std::int32_t>(number(22, 4))));
  require_bearable(path, width, height);
  const std::size_t depth = number(old ? 24 : 28, 2);
  const std::uint32_t compression = old ? 0 : number(30, 4);
  if (compression != 0 && compression != 3)
    fail("{}: a compressed BMP image, which is not read; convert it to PNG", path);
  if (depth != 1 && depth != 4 && depth != 8 && depth != 16 && depth != 24 && depth != 32)
    broken(fmt::format("BMP has no depth of {} bits", depth));
  // stb_image takes four colours too few from such a file, and what it never wrote for those.
  if (old && depth <= 8)
    fail("{}: a BMP image of OS/2's old kind with a palette, which is not read; convert it to PNG", path);
  const std::size_t masks = compression == 3 && header <= 56 ? 12 : 0, pixels_begin = 14 + header + masks;
  if (offset < pixels_begin) broken("its pixels begin within its header");
  const std::size_t row = (static_cast<std::size_t>(width) * depth + 31) / 32 * 4;
  if (offset > file.size() || (file.size() - offset) / row < static_cast<std::size_t>(height)) {
    // The last row may lack its padding.
    const std::size_t least =
        row * static_cast<std::size_t>(height - 1) + (static_cast<std::size_t>(width) * depth + 7) / 8;
    if (offset > file.size() || file.size() - offset < least) broken("the BMP data are cut short");
  }
  if (depth > 8) return;
  const std::size_t colours = (offset - pixels_begin) / 4;
  if (colours < 1 || colours > 256) broken(fmt::format("a palette of {} colours", colours));
  if (colours >= std::size_t{1} << depth) return;
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x) {
      const std::size_t bit = x * depth;
      const unsigned byte = file[offset + y * row + bit / 8];
      const unsigned index = byte >> (8 - depth - bit % 8) & ((1u << depth) - 1);
      if (index >= colours) broken(fmt::format("a pixel has colour {} of a palette of {}", index, colours));
    }
}

}  // namespace fanin::datasets
