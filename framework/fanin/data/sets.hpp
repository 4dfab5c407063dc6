#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/data/dataset.hpp>

namespace fanin::data {

/// What a run is given: the training set it learns from, the validation set by which it chooses (its best
/// epoch, a learning rate, when to stop), and the test set, which chooses nothing. All of one form, under the
/// training set's mean and stddev.
struct Sets {
  Dataset training = {};    ///< labels and pixels that weights may depend on
  Dataset validation = {};  ///< `count` 0: there is none
  Dataset test = {};        ///< read when all is chosen

  bool has_validation() const { return validation.count > 0; }  ///< whether anything can be chosen by it
  /// What the readers left out or found odd, each once.
  std::vector<std::string> notes() const;
};

/// How much of a training set is set aside for validation: nothing, a share or a number of images. A value
/// with a text: `none`, `0.1` (above 0 and below 1), `5000`.
class Share {
 public:
  Share() = default;  ///< nothing
  /// A share in (0, 1), a whole number of images from 1, or 0: nothing. Error (usage) for any other number.
  Share(double amount);
  /// Error (usage) for a text that is none of these.
  static Share parse(const std::string& text);
  std::string to_string() const;  ///< parses back to the same value

  bool none() const { return amount_ == 0; }  ///< whether it is nothing
  Index of(Index count) const;                ///< so many of `count` images; a share is rounded
  bool operator==(const Share&) const = default;

 private:
  double amount_ = 0;  // below 1 a share, from 1 a number of images
};

/// How many of `total` samples come from each class so that every class keeps its proportion: within one of
/// its exact part, by largest remainders (Hamilton's method), the first of equal classes first. `least` of
/// each class that has samples at least, and as many must stay behind; the others then give way. Empty where
/// that cannot be.
std::vector<Index> stratified(const std::vector<Index>& class_counts, Index total, Index least = 0);

/// Why `share` of `training` cannot be set aside, as a sentence that names the set; empty where it can: then
/// every class that has images has one in either part.
std::string why_not_cut(const Dataset& training, const Share& share);

/// Moves `share` of the training images into the validation set, stratified by class and drawn with
/// `data_seed` alone, so that all runs on the same data have the same cut; both keep their order. Mean and
/// stddev that were measured are measured again, on what is left to train on. `none` changes nothing. Error
/// (usage) when it cannot be (`why_not_cut`), or there is a validation set already.
Sets cut_validation(Sets sets, const Share& share, std::uint64_t data_seed);

}  // namespace fanin::data
