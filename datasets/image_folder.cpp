#include "datasets/image_folder.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/core/fnv1a.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/folder_layout.hpp"
#include "datasets/image_kind.hpp"

namespace fanin::datasets {
namespace {

namespace fs = std::filesystem;

constexpr Index max_bytes = Index{1} << 32;

/// FNV-1a, as a share of its range.
double name_hash(const std::string& name) {
  std::uint64_t hash = fnv1a(name);
  hash ^= hash >> 32;  // its high bits are weak for short names
  hash *= 0x9e3779b97f4a7c15u;
  return static_cast<double>(hash >> 11) / 9007199254740992.0;
}

/// Those of a class's images that are in one half, in the order of their names: the share `test` with the
/// lowest hashes is held out, and neither half is without one.
std::vector<std::string> half_of(const std::string& class_name, std::vector<std::string> images, double test,
                                 Split split) {
  std::vector<std::pair<double, std::string>> ranked;
  for (auto& image : images) {
    const double hash = name_hash(class_name + "/" + image);
    ranked.emplace_back(hash, std::move(image));
  }
  std::sort(ranked.begin(), ranked.end());
  const auto count = static_cast<Index>(ranked.size());
  const Index held_out = std::clamp<Index>(std::llround(test * static_cast<double>(count)), 1, count - 1);
  std::vector<std::string> half;
  for (Index i = 0; i < count; ++i)
    if ((i < held_out) == (split == Split::test))
      half.push_back(std::move(ranked[static_cast<std::size_t>(i)].second));
  std::sort(half.begin(), half.end());
  return half;
}

/// Without an image of its own a class folder is a mistake; what is there instead helps to find it.
[[noreturn]] void fail_without_images(const std::string& folder, const FolderListing& listing) {
  std::string there;
  if (!listing.folders.empty())
    there = fmt::format("; it holds folders ('{}'): name the folder whose sub-folders are the classes",
                        printable(listing.folders[0], 40));
  else if (!listing.others.empty())
    there = fmt::format("; it holds {}", endings_text(listing.others));
  fail("{}: no images, expected {} files{}", printable(folder), readable_kinds, there);
}

void note_left_out(data::Dataset& data, const std::string& root, const std::map<std::string, Index>& others,
                   Index nested) {
  Index count = 0;
  for (const auto& [ending, files] : others) count += files;
  if (count > 0)
    data.notes.push_back(fmt::format("{}: {} {} left out, since only {} images are read: {}", printable(root),
                                     count, count == 1 ? "file is" : "files are", readable_kinds,
                                     endings_text(others)));
  if (nested > 0)
    data.notes.push_back(fmt::format("{}: {} left out", printable(root),
                                     nested == 1
                                         ? "1 folder within a class folder is"
                                         : fmt::format("{} folders within class folders are", nested)));
}

const char* word_for(Split split) {
  return split == Split::train ? "training" : split == Split::test ? "test" : "validation";
}

/// After bad images are left out.
void require_every_class(const data::Dataset& data, const std::string& root, Split split) {
  if (data.count == 0) fail("{}: no {} image can be read", printable(root), word_for(split));
  if (split != Split::train) return;
  const auto counts = data.class_counts();
  for (std::size_t label = 0; label < counts.size(); ++label)
    if (counts[label] == 0)
      fail("{}: class '{}' has no training image that can be read; add some, or take its folder away",
           printable(root), printable(data.class_names[label]));
}

}  // namespace

std::vector<std::uint8_t> read_image(const std::string& path, const ImageForm& form) {
  if (form.channels != 1 && form.channels != 3)
    fail("{}: cannot be read as {} channels, only as 1 or 3", path, form.channels);
  if (form.height < 1 || form.width < 1 || form.height > longest_side || form.width > longest_side ||
      form.height > most_pixels / form.width)
    fail("{}: cannot be resized to {}x{}, only to sides of 1..{} and {} pixels", path, form.height,
         form.width, longest_side, most_pixels);
  BadImages bad;
  DecodedImages image = decode_images(
      1, [&](Index) { return path; }, form, bad);
  bad.require_none("");
  return std::move(image.pixels);
}

data::Dataset load_image_folder(const ImageFolderOptions& options, Split split, BadImages& bad) {
  FolderLayout layout = folder_layout(options.path);
  const std::string& root = layout.part(split);
  if (root.empty()) return {};  // it brings no validation set
  data::Dataset data{.name = options.path,
                     .count = 0,
                     .channels = options.gray ? 1 : 3,
                     .height = options.size,
                     .width = options.size,
                     .classes = static_cast<int>(layout.classes.size()),
                     .class_names = layout.classes,
                     .notes = layout.notes};
  std::vector<std::string> files;
  std::vector<std::int32_t> labels;
  std::map<std::string, Index> others;
  Index nested = 0;
  for (std::size_t label = 0; label < layout.classes.size(); ++label) {
    const std::string& name = layout.classes[label];
    const std::string folder = (fs::path(root) / name).string();
    std::error_code ignored;
    if (split != Split::train && layout.has_halves() && !fs::is_directory(folder, ignored)) {
      data.notes.push_back(
          fmt::format("{}: class '{}' has no {} images", printable(root), printable(name), word_for(split)));
      continue;
    }
    FolderListing listing = list_folder(folder);
    for (const auto& [ending, count] : listing.others) others[ending] += count;
    if (listing.images.empty()) fail_without_images(folder, listing);
    nested += static_cast<Index>(listing.folders.size());
    if (!layout.has_halves() && listing.images.size() == 1)
      fail(
          "{}: class '{}' has one image, and a training and a test half need at least two; add images, or make train/ and test/",
          printable(root), printable(name));
    const auto images = layout.has_halves() ? std::move(listing.images)
                                            : half_of(name, std::move(listing.images), options.test, split);
    for (const auto& image : images) {
      files.push_back(image);
      labels.push_back(static_cast<std::int32_t>(label));
    }
  }
  note_left_out(data, root, others, nested);
  if (static_cast<Index>(files.size()) > max_bytes / data.image_size())
    fail("{}: {} images of {}x{}x{} are more than {} bytes; use a smaller size", printable(root),
         files.size(), data.channels, data.height, data.width, max_bytes);
  const auto path_of = [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    return (fs::path(root) / layout.classes[static_cast<std::size_t>(labels[at])] / files[at]).string();
  };
  BadImages mine{.skipped = options.skip_bad};
  DecodedImages decoded = decode_images(static_cast<Index>(files.size()), path_of,
                                        {.channels = data.channels,
                                         .height = data.height,
                                         .width = data.width,
                                         .background = options.background},
                                        mine);
  if (!decoded.confined) data.notes.emplace_back(not_confined_note);
  data.images = std::move(decoded.pixels);
  for (const Index i : decoded.kept) data.labels.push_back(labels[static_cast<std::size_t>(i)]);
  data.count = static_cast<Index>(decoded.kept.size());
  if (options.skip_bad) {
    require_every_class(data, root, split);
    if (mine.count > 0)
      data.notes.push_back(fmt::format("{} of {} {} images cannot be read and are left out (skip_bad): {}",
                                       mine.count, mine.tried, word_for(split), mine.summary()));
  } else {
    bad.merge(mine);
  }
  return data;
}

}  // namespace fanin::datasets
