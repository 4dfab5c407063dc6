#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/raster.hpp"

namespace fanin::datasets {

/// What every image of a data set, and every image that a model is to judge, becomes.
struct ImageForm {
  Index channels = 1;  ///< 1 (gray) or 3 (RGB)
  Index height = 28, width = 28;
  Background background = {};  ///< shows where an image is transparent
};

constexpr std::size_t most_image_file_bytes = std::size_t{1} << 28;

/// An image file's content as CHW bytes: composited on the background, resized, and upright as its EXIF block
/// says. Error naming `path`, and what the file is where it is none that is read. Not for files of unknown
/// origin outside a process of its own: see image_decoder.hpp.
std::vector<std::uint8_t> decode_image(std::span<const std::uint8_t> file, const std::string& path,
                                       const ImageForm& form);

}  // namespace fanin::datasets
