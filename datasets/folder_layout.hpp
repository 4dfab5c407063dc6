#pragma once
#include <map>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

namespace fanin::datasets {

/// Where the parts of an image folder lie, and its classes.
struct FolderLayout {
  std::string train, test;      ///< equal where the folder has no parts of its own
  std::string validation = {};  ///< empty: it brings none
  std::vector<std::string> classes = {};
  std::vector<std::string> notes = {};

  bool has_halves() const { return train != test; }
  const std::string& part(Split split) const {
    return split == Split::train ? train : split == Split::test ? test : validation;
  }
};

/// What one folder holds, in the order of names, without hidden entries.
struct FolderListing {
  std::vector<std::string> folders = {}, images = {};
  std::map<std::string, Index> others = {};  ///< how many files of each ending that is not read
};
FolderListing list_folder(const std::string& path);

/// `path` as train/, val/ and test/ (training, valid or validation, testing, in any case), or as one folder
/// of classes. Where there is no test/, val/ is the test set, as ImageNet's is. The notes say what each is
/// taken for. Error for what is neither, saying what is there: images without a class, folders within
/// folders, train/ without its other half, two classes whose names look the same.
FolderLayout folder_layout(const std::string& path);

/// "200 .webp, 3 .txt, 1 without an ending".
std::string endings_text(const std::map<std::string, Index>& others);

/// Whether a file's ending is one of PNG's, JPEG's, GIF's or BMP's.
bool has_image_ending(const std::string& name);

}  // namespace fanin::datasets
