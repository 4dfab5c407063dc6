#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/core/real.hpp"

namespace fanin {

/// The pixels of image files (PNG, JPEG, BMP), one after the other as CHW bytes, each with 1 (gray) or 3
/// (RGB) channels and resized to height × width. The files are decoded in a child process: stb_image's own
/// notes exclude untrusted files, and the release in Debian 12 writes out of bounds on some broken JPEGs,
/// which there can hurt nobody. Error naming the path of the first file that cannot be read, is broken, has
/// more than 64 million pixels, takes more than half a minute, or brings its decoder down.
std::vector<std::uint8_t> decode_images(std::span<const std::string> paths, Index channels, Index height,
                                        Index width);

}  // namespace fanin
