#pragma once
#include <map>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

namespace fanin::datasets {

/// Where the halves of an image folder lie, and its classes.
struct FolderLayout {
  std::string train, test;  ///< equal where the folder has no halves of its own
  std::vector<std::string> classes = {};
  std::vector<std::string> notes = {};

  bool has_halves() const { return train != test; }
  const std::string& half(Split split) const { return split == Split::train ? train : test; }
};

/// What one folder holds, in the order of names, without hidden entries.
struct FolderListing {
  std::vector<std::string> folders = {}, images = {};
  std::map<std::string, Index> others = {};  ///< how many files of each ending that is not read
};
FolderListing list_folder(const std::string& path);

/// `path` as train/ and test/ (training, testing, val, valid, validation, in any case), or as one folder of
/// classes. Error for what is neither, saying what is there: images without a class, folders within folders,
/// train/ without its other half, two classes whose names look the same.
FolderLayout folder_layout(const std::string& path);

/// "200 .webp, 3 .txt, 1 without an ending".
std::string endings_text(const std::map<std::string, Index>& others);

/// Whether a file's ending is one of PNG's, JPEG's, GIF's or BMP's.
bool has_image_ending(const std::string& name);

}  // namespace fanin::datasets
