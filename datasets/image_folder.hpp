#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "datasets/registry.hpp"

namespace fanin {

/// An image file (PNG, JPEG or BMP) as bytes, CHW: gray for 1 channel, RGB for 3, resized to height × width
/// where it differs. Error naming the path when it cannot be read (see image_decoder.hpp).
std::vector<std::uint8_t> read_image(const std::string& path, Index channels, Index height, Index width);

struct ImageFolderOptions {
  std::string path;
  Index size = 28;    ///< every image becomes size × size
  bool gray = true;   ///< one channel; else RGB
  double test = 0.2;  ///< the share held out where the folder has no train/ and test/ of its own
};

/// A folder of images, a class for each sub-folder, in the order of their names. With `path`/train and
/// `path`/test those are the halves; otherwise each image's own name decides its half (a hash, so the halves
/// never change when images come or go). No mean and stddev yet. Error for a folder without classes, a class
/// without images, a broken image.
Dataset load_image_folder(const ImageFolderOptions& options, Split split);

}  // namespace fanin
