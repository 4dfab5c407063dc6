// The one place where the stb libraries are compiled.
#include "datasets/stb.hpp"

#include <cstdlib>
#include <memory>

#include "framework/core/error.hpp"

#define STBI_MAX_DIMENSIONS 65536
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#include <stb_image_resize.h>
#pragma GCC diagnostic pop

namespace fanin {

Pixels decode_image(const std::string& path, int channels) {
  constexpr long long max_pixels = 1 << 26;
  Pixels image{.channels = channels, .height = 0, .width = 0, .bytes = {}};
  int stored_channels = 0;
  const auto reason = [] {
    const char* text = stbi_failure_reason();
    return text ? text : "unknown reason";
  };
  // The header alone first: an image is decoded only when its size is bearable.
  if (!stbi_info(path.c_str(), &image.width, &image.height, &stored_channels))
    fail("{}: cannot be read as a PNG, JPEG or BMP image ({})", path, reason());
  if (static_cast<long long>(image.width) * image.height > max_pixels)
    fail("{}: an image of {}x{} pixels is too large, at most {} are read", path, image.width, image.height,
         max_pixels);
  const std::unique_ptr<stbi_uc, decltype(&std::free)> decoded(
      stbi_load(path.c_str(), &image.width, &image.height, &stored_channels, channels), &std::free);
  if (!decoded) fail("{}: broken image ({})", path, reason());
  image.bytes.assign(decoded.get(),
                     decoded.get() + static_cast<std::ptrdiff_t>(image.width) * image.height * channels);
  return image;
}

std::vector<std::uint8_t> resize_image(const Pixels& image, int height, int width) {
  if (height == image.height && width == image.width) return image.bytes;
  std::vector<std::uint8_t> out(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                                static_cast<std::size_t>(image.channels));
  if (!stbir_resize_uint8(image.bytes.data(), image.width, image.height, 0, out.data(), width, height, 0,
                          image.channels))
    fail("cannot resize an image of {}x{} to {}x{}", image.width, image.height, width, height);
  return out;
}

}  // namespace fanin
