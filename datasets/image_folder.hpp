#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

#include "datasets/image_decoder.hpp"

namespace fanin::datasets {

/// An image file (PNG, JPEG, GIF or BMP) as bytes, CHW: gray for 1 channel, RGB for 3, as image.hpp says.
/// Error naming the path when it cannot be read (see image_decoder.hpp).
std::vector<std::uint8_t> read_image(const std::string& path, const ImageForm& form);

struct ImageFolderOptions {
  std::string path;
  Index size = 28;             ///< every image becomes size × size
  bool gray = true;            ///< one channel; else RGB
  double test = 0.2;           ///< the share of each class held out where the folder has no halves of its own
  Background background = {};  ///< shows where an image is transparent
  bool skip_bad = false;       ///< images that cannot be read are left out, and noted; else they are an Error
};

/// A folder of images, a class for each sub-folder, in the order of their names. With train/ and test/
/// (and val/, see folder_layout.hpp) those are the parts; otherwise of each class the share `test`, and of two
/// images at least one on either side, chosen by a hash of their names: an image that comes or goes moves at
/// most one other. No mean and stddev yet. What is left out is told in the notes; images that cannot be read
/// are added to `bad`. Error for a folder without classes, or a class without training images.
data::Dataset load_image_folder(const ImageFolderOptions& options, Split split, BadImages& bad);

}  // namespace fanin::datasets
