#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "datasets/raster.hpp"

namespace fanin::datasets {

/// A JPEG or BMP file through stb_image, which its own notes exclude from untrusted files: check_jpeg and
/// check_bmp come first. Transparent parts of a BMP show `background`. Error naming `path` when it cannot be
/// read.
Raster decode_with_stb(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                       const Background& background);

/// `image` as height × width through stb_image_resize (Mitchell down, Catmull-Rom up); itself where it has
/// that size.
Raster resized(Raster image, Index height, Index width, const std::string& path);

}  // namespace fanin::datasets
