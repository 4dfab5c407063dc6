#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/real.hpp>
#include <fanin/data/normalization.hpp>

namespace fanin::data {

/// Labelled images, kept as bytes (a quarter of the memory of floats) and normalized batch by batch in the
/// Loader. A plain value: copy it, cut it, change it; `check` says whether it still holds together.
struct Dataset {
  std::string name = {};  ///< for messages and reports: the text it was loaded by
  /// Images, and pixels of each.
  Index count = 0, channels = 1, height = 0, width = 0;
  int classes = 0;                            ///< that there may be; some may have no sample
  std::vector<std::string> class_names = {};  ///< one for each class, or empty
  std::vector<std::uint8_t> images = {};      ///< count · channels · height · width bytes, row-major
  std::vector<std::int32_t> labels = {};      ///< one for each image, in 0..classes-1
  /// Per channel, of pixel/255: what a loader normalizes by. A test set carries its training set's.
  std::vector<float> mean = {}, stddev = {};
  bool measured = false;                ///< by `measure`, on a training set; else they were given
  std::vector<std::string> notes = {};  ///< what its reader left out or found odd, a line each

  Index image_size() const { return channels * height * width; }  ///< bytes
  /// The bytes of image `i`, CHW. Error when there is none.
  std::span<const std::uint8_t> image(Index i) const;
  /// The name of class `label`, or its number where the set has no names.
  std::string class_name(int label) const;
  /// How many samples each class has. Error on a label out of range.
  std::vector<Index> class_counts() const;

  /// Error naming the set and what is wrong: empty, sizes that disagree, a label out of range, a zero stddev.
  void check() const;
  /// Sets `mean` and `stddev` from the images; a constant channel gets stddev 1, so that normalizing never
  /// divides by zero. Error when there are too few bytes for the sizes.
  void measure();
  /// Sets `mean` and `stddev` to given ones; an empty normalization changes nothing. Error when it is of
  /// another number of channels, not finite, or a stddev is not positive.
  void normalize(const Normalization& given);

  /// The samples at `indices`, in that order, with everything else alike. Error on an index out of range, and
  /// unless there is a label for each image.
  Dataset subset(std::span<const Index> indices) const;
  /// The positions of `counts[c]` samples of each class c, drawn with `seed`, and of all others, both in order:
  /// at one seed, larger counts hold smaller ones. Error as for `check`, and unless every class has so many.
  std::pair<std::vector<Index>, std::vector<Index>> draw_by_class(std::span<const Index> counts,
                                                                  std::uint64_t seed) const;
  /// The first `n` samples; Error when n is not in 1..count.
  Dataset take(Index n) const;
  /// `n` samples of each class, drawn with `seed`, in their original order; Error when a class has fewer.
  Dataset take_per_class(Index n, std::uint64_t seed) const;
  /// Two disjoint parts, drawn with `seed`: `share` of every class in the first (rounded), the rest in the
  /// second, each in its original order. Error unless 0 < share < 1, or when a part is left empty.
  std::pair<Dataset, Dataset> split(double share, std::uint64_t seed) const;
  /// Only the samples of these classes, renumbered 0, 1, … in the order given: the halves of a transfer
  /// experiment. Error for none, one that does not exist, or one named twice, and for labels out of range.
  Dataset only_classes(std::span<const int> kept) const;
};

/// A number for each of `channels`, from one for all or one for each; Error (usage) for any other count, and
/// unless there is a channel.
std::vector<float> per_channel(const std::vector<double>& constants, Index channels);

}  // namespace fanin::data
