#include "datasets/image.hpp"

#include <fanin/core/fail.hpp>

#include "datasets/bmp_check.hpp"
#include "datasets/exif.hpp"
#include "datasets/gif.hpp"
#include "datasets/image_kind.hpp"
#include "datasets/jpeg_check.hpp"
#include "datasets/png.hpp"
#include "datasets/stb.hpp"

namespace fanin::datasets {
namespace {

Raster decode_any(std::span<const std::uint8_t> file, const std::string& path, const ImageForm& form,
                  int& orientation) {
  switch (image_kind(file)) {
    case ImageKind::png:
      return decode_png(file, path, form.channels, form.background, orientation);
    case ImageKind::gif:
      return decode_gif(file, path, form.channels, form.background);
    case ImageKind::jpeg:
      orientation = check_jpeg(file, path).orientation;
      return decode_with_stb(file, path, form.channels, form.background);
    case ImageKind::bmp:
      check_bmp(file, path);
      return decode_with_stb(file, path, form.channels, form.background);
    case ImageKind::other:
      break;
  }
  fail("{}: cannot be read as a {} image (it is {})", path, readable_kinds, other_kind_name(file));
}

}  // namespace

std::vector<std::uint8_t> decode_image(std::span<const std::uint8_t> file, const std::string& path,
                                       const ImageForm& form) {
  int orientation = 1;
  Raster image = decode_any(file, path, form, orientation);
  // Scaled first, since that is less to turn.
  const bool swapped = swaps_sides(orientation);
  image =
      resized(std::move(image), swapped ? form.width : form.height, swapped ? form.height : form.width, path);
  image = oriented(std::move(image), orientation);
  const auto plane = static_cast<std::size_t>(form.height * form.width),
             channels = static_cast<std::size_t>(form.channels);
  std::vector<std::uint8_t> planes(channels * plane);
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t p = 0; p < plane; ++p) planes[c * plane + p] = image.pixels[p * channels + c];
  return planes;
}

}  // namespace fanin::datasets
