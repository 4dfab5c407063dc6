#pragma once
#include <string>
#include <vector>

#include "framework/data/dataset.hpp"

namespace fanin {

enum class Split { train, test };

/// What a data set's text form may name, one line each, for `--help`.
struct DatasetEntry {
  std::string usage;    ///< "folder(PATH, size=28, gray=true, test=0.2)"
  std::string summary;  ///< what it is and where it comes from
};
const std::vector<DatasetEntry>& known_datasets();

/// One half of the data set that `text` names: `fashion-mnist`, `mnist`, `idx(DIR)`, `folder(PATH, size=28)`,
/// `synthetic(classes=10, …)`, each also with `only=0..4` and `per_class=10` (selection.hpp); checked, with the training half's mean and stddev in both, and named by
/// that text. Error (usage) for a
/// name or option that is not known, Error for data that is missing or broken. Files are looked for in
/// $FANIN_DATA, then in
/// ./data, then where Debian's packages put them.
Dataset load_dataset(const std::string& text, Split split);

/// Both halves, reading everything once.
struct Splits {
  Dataset train, test;
};
Splits load_splits(const std::string& text);

}  // namespace fanin
