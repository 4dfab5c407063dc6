#include "datasets/folder_layout.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include <fanin/core/fail.hpp>
#include <fanin/core/near_file.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/image_kind.hpp"
#include "datasets/name_form.hpp"

namespace fanin::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_ending = 16;

std::string ending_of(const std::string& name) { return without_case(fs::path(name).extension().string()); }

std::string joined(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

/// "a, b and 3 more".
std::string first_few(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) shown.push_back(printable(names[i], 40));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > most ? fmt::format(" and {} more", names.size() - most) : "");
}

/// The folder among `folders` that is called like the first of `names` that any is called like.
std::optional<std::string> folder_named(const std::string& root, const std::vector<std::string>& folders,
                                        const std::vector<std::string>& names) {
  for (const auto& name : names) {
    std::vector<std::string> found;
    for (const auto& folder : folders)
      if (without_case(folder) == name) found.push_back(folder);
    if (found.size() > 1)
      fail("{}: {} may each be the '{}' half; rename all but one", printable(root), first_few(found), name);
    if (!found.empty()) return found[0];
  }
  return std::nullopt;
}

/// A half holds a folder for each class and no image itself.
bool is_half(const FolderListing& listing) { return !listing.folders.empty() && listing.images.empty(); }

void require_distinct(const std::string& root, FolderLayout& layout) {
  std::map<std::string, std::string> forms, cases;
  for (const auto& name : layout.classes) {
    const auto [same, is_new] = forms.emplace(decomposed(name), name);
    if (!is_new)
      fail(
          "{}: two classes are both called '{}', in two Unicode forms (composed and decomposed letters); join them into one folder",
          printable(root), printable(name));
    const auto [alike, differs] = cases.emplace(without_case(name), name);
    if (!differs)
      layout.notes.push_back(fmt::format(
          "{}: classes '{}' and '{}' differ in capital letters only; if they are one class, join their folders",
          printable(root), printable(alike->second), printable(name)));
  }
}

/// A folder of images to test or to validate on has classes as the training folder has them, or fewer.
void require_classes_of(const FolderLayout& layout, const std::string& path) {
  const FolderListing listing = list_folder(path);
  if (!is_half(listing)) {
    if (!listing.images.empty())
      fail("{}: images and no class folders; sort them into a folder for each class, named as in {}",
           printable(path), printable(layout.train));
    fail("{}: no sub-folders, expected one of images per class, as in {}", printable(path),
         printable(layout.train));
  }
  for (const auto& name : listing.folders) {
    if (std::find(layout.classes.begin(), layout.classes.end(), name) != layout.classes.end()) continue;
    for (const auto& known : layout.classes)
      if (without_case(known) == without_case(name))
        fail("{}: class '{}' is spelt otherwise in {}: in {}; rename one", printable(path), printable(name),
             printable(layout.train),
             decomposed(known) == decomposed(name) ? "another Unicode form (composed or decomposed letters)"
                                                   : "capital and small letters");
    fail("{}: class '{}' has no folder in {}{}", printable(path), printable(name), printable(layout.train),
         suggest(name, layout.classes));
  }
}

/// What each named folder is taken for, where it does not go without saying.
void note_parts(const std::string& root, const std::string& train,
                const std::optional<std::string>& validation, const std::string& test, bool test_is_named_val,
                const FolderListing& listing, FolderLayout& layout) {
  std::vector<std::string> aside;
  for (const auto& folder : listing.folders)
    if (folder != train && folder != test && folder != validation) aside.push_back(folder);
  if (aside.empty() && !validation && !test_is_named_val) return;
  layout.notes.push_back(
      fmt::format("{}: training on '{}', {}testing on '{}'{}{}", printable(root), printable(train),
                  validation ? fmt::format("validating on '{}', ", printable(*validation)) : "",
                  printable(test), test_is_named_val ? ", since there is no test/" : "",
                  aside.empty() ? "" : "; not used: " + first_few(aside)));
}

}  // namespace

bool has_image_ending(const std::string& name) {
  static const std::set<std::string> known = {".png",  ".apng", ".jpg", ".jpeg", ".jpe",
                                              ".jfif", ".gif",  ".bmp", ".dib"};
  return known.count(ending_of(name)) > 0;
}

FolderListing list_folder(const std::string& path) {
  FolderListing listing;
  std::error_code failed;
  for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code ignored;
    if (it->is_directory(ignored))
      listing.folders.push_back(name);
    else if (has_image_ending(name))
      listing.images.push_back(name);
    else
      ++listing.others[printable(ending_of(name), longest_ending)];
  }
  if (failed) fail("{}: cannot be listed: {}", printable(path), failed.message());
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.images.begin(), listing.images.end());
  return listing;
}

std::string endings_text(const std::map<std::string, Index>& others) {
  constexpr std::size_t most_kinds = 8;
  std::vector<std::pair<Index, std::string>> counts;
  for (const auto& [ending, count] : others)
    counts.emplace_back(-count, ending.empty() ? "without an ending" : ending);
  std::sort(counts.begin(), counts.end());
  std::vector<std::string> shown;
  Index rest = 0;
  for (const auto& [minus, ending] : counts) {
    if (shown.size() < most_kinds)
      shown.push_back(fmt::format("{} {}", -minus, ending));
    else
      rest -= minus;
  }
  if (rest > 0) shown.push_back(fmt::format("{} of other kinds", rest));
  return fmt::format("{}", fmt::join(shown, ", "));
}

FolderLayout folder_layout(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored))
    fail("{}: no such folder, expected one sub-folder of images per class{}", printable(path),
         suggest_file(path));
  const FolderListing listing = list_folder(path);
  if (listing.folders.empty()) {
    const std::string there =
        !listing.images.empty()
            ? fmt::format("; it holds {} images, of which nothing tells the class", listing.images.size())
        : !listing.others.empty() ? fmt::format("; it holds {}", endings_text(listing.others))
                                  : "";
    fail("{}: no sub-folders, expected one of images per class{}", printable(path), there);
  }
  const auto train = folder_named(path, listing.folders, {"train", "training"});
  auto test = folder_named(path, listing.folders, {"test", "testing"});
  auto validation = folder_named(path, listing.folders, {"val", "valid", "validation"});
  FolderLayout layout{.train = path, .test = path, .classes = listing.folders};
  if (train && is_half(list_folder(joined(path, *train)))) {
    const bool only_validation = !test && validation;
    if (only_validation) std::swap(test, validation);
    if (!test)
      fail(
          "{}: '{}' holds a folder for each class, but its other half is missing: expected test/ or val/ beside it, or name {} itself to have it split",
          printable(path), printable(*train), printable(joined(path, *train)));
    layout.train = joined(path, *train);
    layout.test = joined(path, *test);
    layout.classes = list_folder(layout.train).folders;
    require_classes_of(layout, layout.test);
    if (validation && !is_half(list_folder(joined(path, *validation)))) validation.reset();
    if (validation) {
      layout.validation = joined(path, *validation);
      require_classes_of(layout, layout.validation);
    }
    note_parts(path, *train, validation, *test, only_validation, listing, layout);
  }
  require_distinct(layout.train, layout);
  return layout;
}

}  // namespace fanin::datasets
