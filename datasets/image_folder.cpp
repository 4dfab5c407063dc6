#include "datasets/image_folder.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "datasets/image_decoder.hpp"
#include "framework/core/error.hpp"

namespace fanin {
namespace {

namespace fs = std::filesystem;

constexpr Index max_bytes = Index{1} << 32;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_image(const fs::path& path) {
  std::string suffix = path.extension().string();
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return suffix == ".png" || suffix == ".jpg" || suffix == ".jpeg" || suffix == ".bmp";
}

/// What a folder holds, in the order of names, without hidden files.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
    if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
  if (failed) fail("{}: cannot be listed: {}", folder.string(), failed.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::string> class_folders(const fs::path& root) {
  if (!is_folder(root))
    fail("{}: no such folder, expected one sub-folder of images per class", root.string());
  std::vector<std::string> names;
  for (const auto& entry : sorted_entries(root))
    if (is_folder(entry)) names.push_back(entry.filename().string());
  if (names.empty()) fail("{}: no sub-folders, expected one of images per class", root.string());
  return names;
}

/// FNV-1a, as a share of its range. (Fowler, Noll, Vo: the 64-bit constants.)
double name_hash(const std::string& name) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash ^= hash >> 32;  // the high bits of FNV are weak for short names
  hash *= 0x9e3779b97f4a7c15u;
  return static_cast<double>(hash >> 11) / 9007199254740992.0;
}

}  // namespace

std::vector<std::uint8_t> read_image(const std::string& path, Index channels, Index height, Index width) {
  if (channels != 1 && channels != 3)
    fail("{}: cannot be read as {} channels, only as 1 or 3", path, channels);
  if (height < 1 || width < 1 || height > 65536 || width > 65536)
    fail("{}: cannot be resized to {}x{}, only to sizes in 1..65536", path, height, width);
  return decode_images({&path, 1}, channels, height, width);
}

Dataset load_image_folder(const ImageFolderOptions& options, Split split) {
  const fs::path root = options.path;
  const bool halves = is_folder(root / "train") && is_folder(root / "test");
  const fs::path own_root = !halves ? root : root / (split == Split::train ? "train" : "test");
  Dataset data{.name = options.path,
               .count = 0,
               .channels = options.gray ? 1 : 3,
               .height = options.size,
               .width = options.size,
               .classes = 0,
               .class_names = class_folders(halves ? root / "train" : root)};
  data.classes = static_cast<int>(data.class_names.size());
  if (halves && split == Split::test)
    for (const auto& name : class_folders(own_root))
      if (std::find(data.class_names.begin(), data.class_names.end(), name) == data.class_names.end())
        fail("{}: class '{}' has no folder in {}{}", own_root.string(), name, (root / "train").string(),
             suggest(name, data.class_names));

  std::vector<std::string> files;
  for (std::size_t label = 0; label < data.class_names.size(); ++label) {
    const fs::path folder = own_root / data.class_names[label];
    if (halves && !is_folder(folder)) continue;  // a class that the test half lacks
    std::size_t found = 0;
    for (const auto& file : sorted_entries(folder)) {
      if (!is_image(file)) continue;
      ++found;
      const bool held_out =
          name_hash(data.class_names[label] + "/" + file.filename().string()) < options.test;
      if (!halves && held_out != (split == Split::test)) continue;
      files.push_back(file.string());
      data.labels.push_back(static_cast<std::int32_t>(label));
    }
    if (found == 0) fail("{}: no images, expected PNG, JPEG or BMP files", folder.string());
  }
  data.count = static_cast<Index>(files.size());
  if (data.count == 0)
    fail(
        "{}: no image falls into the {} half; add images, change the share test={}, or make train/ and test/",
        root.string(), split == Split::train ? "training" : "test", options.test);
  if (data.count > max_bytes / data.image_size())
    fail("{}: {} images of {}x{}x{} are more than {} bytes; use a smaller size", root.string(), data.count,
         data.channels, data.height, data.width, max_bytes);
  data.images = decode_images(files, data.channels, data.height, data.width);
  return data;
}

}  // namespace fanin
