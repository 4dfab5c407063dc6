#pragma once
#include <string>
#include <vector>

namespace fanin::program {

/// The image files that `named` means, in that order: a file as it is, a folder as the images in it and below it, by
/// name; without hidden entries and without folders that are links, which may lead in a circle. What is no image by
/// its ending is counted in a note. Error for a folder that holds none, or cannot be listed.
std::vector<std::string> image_paths(const std::vector<std::string>& named);

}  // namespace fanin::program
