#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace fanin::datasets {

/// Holds a BMP file's sizes, palette and pixel indices against what stb_image 2.27 has room for and against
/// the file's own length, before that reads it. Error naming `path` and what is wrong.
void check_bmp(std::span<const std::uint8_t> file, const std::string& path);

}  // namespace fanin::datasets
