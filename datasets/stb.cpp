// The one place where the stb libraries are compiled.
#include "datasets/stb.hpp"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>

#include <fanin/core/fail.hpp>

#include "datasets/image_kind.hpp"

// A failed assertion means a corrupt file, and ends the decoding process without a word (image_decoder.cpp).
#define STBI_ASSERT(condition) ((condition) ? (void)0 : _exit(1))
// stb_image reads what it never wrote where data are missing: zeros then, so that equal files give equal
// pixels.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#define STBI_MAX_DIMENSIONS 65536
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
// Its arithmetic overflows on broken files, as it may: the fuzzers look for what harms memory.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#include <stb_image_resize.h>
#pragma GCC diagnostic pop
#ifdef __clang__
#pragma clang attribute pop
#endif

namespace fanin::datasets {

Raster decode_with_stb(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                       const Background& background) {
  const bool may_be_transparent = image_kind(file) == ImageKind::bmp;
  const auto asked = may_be_transparent ? 4 : static_cast<int>(channels);
  int width = 0, height = 0, stored = 0;
  const std::unique_ptr<stbi_uc, decltype(&std::free)> decoded(
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &stored, asked),
      &std::free);
  if (!decoded) {
    const char* why = stbi_failure_reason();
    if (why && why == std::string_view("outofmem")) throw std::bad_alloc();
    fail("{}: broken image ({})", path, why ? why : "unknown reason");
  }
  Raster image{.width = width, .height = height, .channels = channels};
  const auto count = static_cast<std::size_t>(image.width * image.height);
  if (!may_be_transparent) {
    image.pixels.assign(decoded.get(), decoded.get() + count * static_cast<std::size_t>(channels));
    return image;
  }
  image.pixels.resize(count * static_cast<std::size_t>(channels));
  const PixelWriter writer(channels, background);
  const stbi_uc* in = decoded.get();
  std::uint8_t* out = image.pixels.data();
  for (std::size_t i = 0; i < count; ++i, in += 4, out += channels)
    writer.put(out, in[0], in[1], in[2], in[3]);
  return image;
}

Raster resized(Raster image, Index height, Index width, const std::string& path) {
  if (image.height == height && image.width == width) return image;
  Raster scaled{.width = width, .height = height, .channels = image.channels};
  scaled.pixels.resize(static_cast<std::size_t>(image.channels * height * width));
  if (!stbir_resize_uint8(image.pixels.data(), static_cast<int>(image.width), static_cast<int>(image.height),
                          0, scaled.pixels.data(), static_cast<int>(width), static_cast<int>(height), 0,
                          static_cast<int>(image.channels)))
    fail("{}: cannot be resized from {}x{} to {}x{}", path, image.width, image.height, width, height);
  return scaled;
}

}  // namespace fanin::datasets
