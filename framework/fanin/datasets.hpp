#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>

namespace fanin::datasets {

/// What shows through where an image is transparent.
struct Background {
  std::uint8_t red = 255, green = 255, blue = 255;  ///< white unless said

  /// `white`, `black`, a gray level 0..255 or `rrggbb` in hexadecimal; nothing for anything else.
  static std::optional<Background> parse(const std::string& text);
  bool operator==(const Background&) const = default;
};

/// Whether the text is the bare name of a set with one known place and no options ("mnist"): to load it opens
/// nothing that the text chooses.
bool is_bare_dataset(const std::string& text);

/// The parts a data set comes in; most bring no validation set.
enum class Split { train, validation, test };

/// What a data set's text form may name, one line each, for `--help`.
struct DatasetEntry {
  std::string usage;    ///< "folder(PATH, size=28, gray=true, test=0.2)"
  std::string summary;  ///< what it is and where it comes from
  /// One of its options.
  struct Option {
    /// What it is called, what it is when left out, and what it does.
    std::string name, fallback, meaning;
  };
  std::vector<Option> options{};  ///< its own, in the order of the positional arguments
};
/// Every data set there is, in the order of `--help`.
const std::vector<DatasetEntry>& known_datasets();
/// The options that every data set takes besides its own.
const std::vector<DatasetEntry::Option>& selection_options();

/// One part of the data set that `text` names: `fashion-mnist`, `mnist`, `idx(DIR)`, `folder(PATH, size=28)`,
/// `synthetic(classes=10, …)`, each also with `only=0..4` and `per_class=10` (selection.hpp); checked, with
/// the training set's mean and stddev in all, and named by that text. Error (usage) for a name or option
/// that is not known, or a validation set that there is not; Error for data that is missing or broken. Files
/// are looked for in $FANIN_DATA, then in ./data, then where Debian's packages put them.
data::Dataset load_dataset(const std::string& text, Split split);

/// As `load_dataset` for all that there is, reading everything once. A validation set is in it where the data
/// set brings one: an image folder's val/ beside train/ and test/.
data::Sets load_sets(const std::string& text);

/// The text of an image folder with skip_bad=true; Error (usage) for any other data set.
std::string with_bad_images_skipped(const std::string& text);
/// What an image folder's text says shows where images are transparent; white where it says nothing. Opens no
/// file.
Background background_of(const std::string& text);

}  // namespace fanin::datasets
