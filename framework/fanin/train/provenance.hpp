#pragma once
#include <map>
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>
#include <fanin/train/checkpoint.hpp>

namespace fanin::train {

/// A data set as a result remembers it: enough to tell another one from it.
struct DataSum {
  std::string name = {};      ///< the text it was loaded by
  std::string part = {};      ///< "training", "validation" or "test"
  Index count = 0;            ///< images
  std::string checksum = {};  ///< of its pixels and labels (`checksum`)

  bool operator==(const DataSum&) const = default;  ///< same name, part, count and checksum
};

/// What a result was made with, beside its settings: who reads it can make it anew, and knows what may differ.
struct Provenance {
  std::string version = {};                 ///< of the library
  std::vector<std::string> command = {};    ///< the command line, a word each; empty: no command made it
  std::vector<std::string> reproduce = {};  ///< as little of it as gives the same result
  std::string cpu = {};            ///< the processor's model name; "unknown" where the system does not say
  std::string isa = {};            ///< instruction set of the kernels: "baseline", "avx2" or "avx512"
  int jobs = 0;                    ///< threads that computed at a time; the result does not depend on them
  std::vector<DataSum> data = {};  ///< what was trained and tested on
};

/// CRC-32 of a set's pixels, then of its labels, as eight hexadecimal digits.
std::string checksum(const data::Dataset& data);
/// What to remember of a set; `part` is its role.
DataSum sum_of(const data::Dataset& data, const std::string& part);
/// Of the training set, the validation set where there is one, and the test set.
std::vector<DataSum> sums_of(const data::Sets& sets);
/// "60000 images, CRC-32 1a2b3c4d"; without a count of images for a weight file.
std::string sum_text(const DataSum& sum);

/// What the kernels run on here: "baseline", "avx2" or "avx512".
std::string instruction_set();

/// This version, this machine, and `data`, for the words of a command line.
Provenance provenance_here(std::vector<std::string> command, std::vector<std::string> reproduce, int jobs,
                           std::vector<DataSum> data);

/// As a model file's metadata: "reproduce", a line for a shell; "settings", as JSON; "checksum_training" and so on
/// for each part of `data`; "cpu" and "isa".
std::map<std::string, std::string> metadata_of(const Provenance& made, const SettingTexts& settings);

/// The words as a line for a POSIX shell, each quoted where it must be: pasted, it gives these words again
/// (but for bytes that are no text, which become visible).
std::string shell_line(const std::vector<std::string>& words);

}  // namespace fanin::train
