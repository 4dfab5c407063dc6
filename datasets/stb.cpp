// The one place where the stb libraries are compiled.
#include "datasets/stb.hpp"

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "framework/core/error.hpp"

// A failed assertion means a corrupt file, and ends the decoding process without a word (image_decoder.cpp).
#define STBI_ASSERT(condition) ((condition) ? (void)0 : _exit(1))
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
namespace {

std::string reason() {
  const char* text = stbi_failure_reason();
  return text ? text : "unknown reason";
}

}  // namespace

std::vector<std::uint8_t> decode_image(const std::string& path, Index channels, Index height, Index width) {
  constexpr Index max_pixels = 1 << 26;
  int stored_width = 0, stored_height = 0, stored_channels = 0;
  // The header alone first: an image is decoded only when its size is bearable.
  if (!stbi_info(path.c_str(), &stored_width, &stored_height, &stored_channels))
    fail("{}: cannot be read as a PNG, JPEG or BMP image ({})", path, reason());
  if (static_cast<Index>(stored_width) * stored_height > max_pixels)
    fail("{}: an image of {}x{} pixels is too large, at most {} are read", path, stored_width, stored_height,
         max_pixels);
  const auto wanted = static_cast<int>(channels);
  const std::unique_ptr<stbi_uc, decltype(&std::free)> decoded(
      stbi_load(path.c_str(), &stored_width, &stored_height, &stored_channels, wanted), &std::free);
  if (!decoded) fail("{}: broken image ({})", path, reason());

  const Index plane = height * width;
  std::vector<std::uint8_t> resized, planes(static_cast<std::size_t>(channels * plane));
  const std::uint8_t* interleaved = decoded.get();
  if (stored_height != height || stored_width != width) {
    resized.resize(planes.size());
    if (!stbir_resize_uint8(decoded.get(), stored_width, stored_height, 0, resized.data(),
                            static_cast<int>(width), static_cast<int>(height), 0, wanted))
      fail("{}: cannot be resized from {}x{} to {}x{}", path, stored_width, stored_height, width, height);
    interleaved = resized.data();
  }
  for (Index c = 0; c < channels; ++c)
    for (Index p = 0; p < plane; ++p)
      planes[static_cast<std::size_t>(c * plane + p)] = interleaved[p * channels + c];
  return planes;
}

}  // namespace fanin
