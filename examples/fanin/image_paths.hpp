#pragma once
#include <string>
#include <vector>

namespace fanin::program {

struct ImagePaths {
  std::vector<std::string> files = {};
  /// A folder below those named that cannot be listed, and why.
  struct Unlisted {
    std::string folder, message;
  };
  std::vector<Unlisted> unlisted = {};
};

/// The image files that `named` means, in that order: a file as it is, a folder as the images in it and below it, by
/// name; without hidden entries and without folders that are links, which may lead in a circle. What is no image by
/// its ending is counted in a note. Error for a folder that holds none, or cannot be listed itself.
ImagePaths image_paths(const std::vector<std::string>& named);

}  // namespace fanin::program
