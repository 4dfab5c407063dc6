#include "datasets/mnist.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/files.hpp"
#include "datasets/idx.hpp"

namespace fanin::datasets {
namespace {

namespace fs = std::filesystem;

/// What a file's name says: "emnist-letters-test-labels-idx1-ubyte.gz" is the labels of the test half of
/// emnist-letters.
struct IdxName {
  std::string set;
  Split split;
  bool labels;
};

std::optional<IdxName> parse_name(std::string name) {
  static const std::regex form(
      "(?:(.+)[-_.])?(train|t10k|test)[-_.](images|labels)[-.]idx[0-9]-[a-z0-9]+(?:[.]gz)?");
  std::smatch parts;
  if (name.size() > 255 || !std::regex_match(name, parts, form)) return std::nullopt;
  return IdxName{.set = parts[1],
                 .split = parts[2] == "train" ? Split::train : Split::test,
                 .labels = parts[3] == "labels"};
}

/// The files in a folder that are named so; a plain one before a packed one of the same name.
std::map<std::string, IdxName> idx_files(const std::string& folder) {
  std::map<std::string, IdxName> files;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (const auto parsed = parse_name(name)) files.emplace(name, *parsed);
  }
  if (failed) fail("{}: cannot be listed: {}", printable(folder), failed.message());
  return files;
}

/// The one set of files in the folder, or the one that is asked for.
std::string chosen_set(const IdxFolder& folder, const std::map<std::string, IdxName>& files) {
  std::vector<std::string> sets;
  for (const auto& [file, name] : files)
    if (std::find(sets.begin(), sets.end(), name.set) == sets.end()) sets.push_back(name.set);
  if (std::find(sets.begin(), sets.end(), folder.name) != sets.end()) return folder.name;
  if (!folder.name.empty())
    fail("{}: no files of '{}'{}", printable(folder.path), printable(folder.name),
         suggest(folder.name, sets));
  if (sets.size() <= 1) return sets.empty() ? "" : sets[0];
  constexpr std::size_t most_shown = 10;
  sets.resize(std::min(sets.size(), most_shown));
  fail("{}: the files of several data sets ({}); say which: idx({}, name={})", printable(folder.path),
       printable(fmt::format("{}", fmt::join(sets, ", "))), printable(value_text(folder.path)),
       printable(sets[0].empty() ? sets[1] : sets[0]));
}

/// Where one of the four files lies; LeCun's name for it when there is none, for the message.
std::string find_file(const std::string& folder, const std::map<std::string, IdxName>& files,
                      const std::string& set, Split split, bool labels) {
  for (const auto& [file, name] : files)
    if (name.set == set && name.split == split && name.labels == labels)
      return (fs::path(folder) / file).string();
  const std::string stem = (set.empty() ? "" : set + "-") + (split == Split::train ? "train"
                                                             : set.empty()         ? "t10k"
                                                                                   : "test");
  return (fs::path(folder) / (stem + (labels ? "-labels-idx1-ubyte" : "-images-idx3-ubyte"))).string() +
         "[.gz]";
}

}  // namespace

data::Dataset load_idx_folder(const IdxFolder& folder, Split split, const std::string& how_to_get) {
  std::error_code ignored;
  if (!fs::exists(folder.path, ignored))
    fail("{}: no such folder, expected MNIST's four IDX files in it{}", printable(folder.path),
         advice(how_to_get));
  const auto files = idx_files(folder.path);
  const std::string set = chosen_set(folder, files);
  data::Dataset data =
      read_idx_dataset(find_file(folder.path, files, set, split, false),
                       find_file(folder.path, files, set, split, true), folder.classes, how_to_get);
  data.name = folder.path;
  return data;
}

data::Dataset load_mnist(Split split) {
  data::Dataset data =
      load_idx_folder({.path = find_data_folder("mnist"), .classes = 10}, split, "make data-mnist");
  data.name = "mnist";
  data.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  data.mean = {0.1307f};
  data.stddev = {0.3081f};
  return data;
}

data::Dataset load_fashion_mnist(Split split) {
  data::Dataset data = load_idx_folder(
      {.path = find_data_folder("fashion-mnist", {"/usr/share/datasets/fashion-mnist"}), .classes = 10},
      split, "apt-get install dataset-fashion-mnist");
  data.name = "fashion-mnist";
  data.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  data.mean = {0.2860f};
  data.stddev = {0.3530f};
  return data;
}

}  // namespace fanin::datasets
