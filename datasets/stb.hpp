#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fanin {

/// Interleaved pixels, row-major: what stb_image hands out.
struct Pixels {
  int channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> bytes;
};

/// A PNG, JPEG or BMP file through stb_image, as `channels` channels; Error naming the path when it cannot
/// be.
Pixels decode_image(const std::string& path, int channels);
/// The bytes of `image` at another size through stb_image_resize (Mitchell down, Catmull-Rom up).
std::vector<std::uint8_t> resize_image(const Pixels& image, int height, int width);

}  // namespace fanin
