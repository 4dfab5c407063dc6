#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/real.hpp"

namespace fanin {

/// A PNG, JPEG or BMP file through stb_image, as 1 channel (gray) or 3 (RGB), resized through
/// stb_image_resize where its size differs (Mitchell down, Catmull-Rom up): bytes, CHW. Error naming the path
/// when it cannot be. Not for files of unknown origin: see image_decoder.hpp.
std::vector<std::uint8_t> decode_image(const std::string& path, Index channels, Index height, Index width);

}  // namespace fanin
