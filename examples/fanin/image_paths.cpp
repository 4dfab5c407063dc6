#include "examples/fanin/image_paths.hpp"

#include <filesystem>
#include <map>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/folder_layout.hpp"
#include "datasets/image_kind.hpp"

namespace fanin::program {
namespace {

namespace fs = std::filesystem;

void add_below(const fs::path& folder, ImagePaths& paths, std::map<std::string, Index>& others) {
  const datasets::FolderListing listing = datasets::list_folder(folder.string());
  for (const auto& name : listing.images) paths.files.push_back((folder / name).string());
  for (const auto& [ending, count] : listing.others) others[ending] += count;
  for (const auto& name : listing.folders) {
    const fs::path below = folder / name;
    std::error_code none;
    if (fs::is_symlink(below, none)) continue;
    try {
      add_below(below, paths, others);
    } catch (const Error& error) {  // of this folder alone: those below it have had theirs
      paths.unlisted.push_back({below.string(), error.what()});
    }
  }
}

}  // namespace

ImagePaths image_paths(const std::vector<std::string>& named) {
  ImagePaths paths;
  auto& [files, unlisted] = paths;
  for (const auto& path : named) {
    std::error_code none;
    if (!fs::is_directory(path, none)) {
      files.push_back(path);
      continue;
    }
    const std::size_t before = files.size() + unlisted.size();
    std::map<std::string, Index> others;
    add_below(path, paths, others);
    const std::string left = others.empty() ? "" : datasets::endings_text(others);
    if (files.size() + unlisted.size() == before)
      fail("{}: no image in this folder or below it, expected {} files{}", printable(path),
           datasets::readable_kinds, left.empty() ? "" : "; there are " + left);
    if (!left.empty())
      note("note: {}: left out, since only {} images are read: {}\n", printable(path),
           datasets::readable_kinds, left);
  }
  return paths;
}

}  // namespace fanin::program
