#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fanin/core/real.hpp>
#include <fanin/data/normalization.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::data {

/// One image, lent.
struct ImageView {
  std::uint8_t* pixels;           ///< channels · height · width bytes, CHW
  Index channels, height, width;  ///< pixels
};

/// What a loader does to each sample: steps in the order written, as text `crop(pad=2); flip; shift(2)`.
///
///     crop(pad=P)          pad by P pixels of 0 on every side, then cut the old size at a random place
///                          (torchvision's RandomCrop(size, padding=P)); crop(pad=P, mode=edge) and
///                          mode=reflect pad with the border
///     flip(p=0.5)          mirror left to right with probability p (RandomHorizontalFlip)
///     shift(D)             move by -D..D pixels each way, filling with 0; shift(x=2, y=0) for each way
///                          by itself
///     normalise(mean=M, stddev=S)
///                          (pixel/255 - M)/S in place of the dataset's own constants; 0.5+0.4+0.3 is one
///                          number for each channel. It is no augmentation: whoever tests and uses the
///                          model does the same. normalize(…) is read as well
///
/// Every draw is from the generator handed in; sizes never change.
class Transform {
 public:
  /// What a crop finds beyond the image: 0, the nearest pixel of the border, or the image mirrored at it.
  enum class Fill { zero, edge, reflect };

  Transform() = default;  ///< none
  /// Error (usage) that names the step or option, the position and the nearest known names.
  static Transform parse(const std::string& text);
  std::string to_string() const;  ///< parses back to the same value

  /// @{
  /// Adds a step behind those there are, as its text does. Error (usage) unless pad, x and y are in 0..4096
  /// pixels and p in 0..1.
  Transform& crop(Index pad, Fill mode = Fill::zero);
  Transform& flip(double p = 0.5);
  Transform& shift(Index x, Index y);
  /// @}
  /// @{
  /// Replaces the normalization there is; an empty one changes nothing. Error (usage) unless every mean is
  /// finite and every stddev positive.
  Transform& normalize(double mean, double stddev) { return normalize(Normalization{{mean}, {stddev}}); }
  Transform& normalize(Normalization normalization);
  /// @}

  bool augments() const { return !steps_.empty(); }                      ///< whether it has random steps
  const Normalization& normalization() const { return normalization_; }  ///< empty: the data set's own
  /// Applies the random steps in place, drawing from `gen`. Error when `scratch` does not hold an image's
  /// bytes, or there is no image.
  void augment(const ImageView& image, std::span<std::uint8_t> scratch, Generator& gen) const;

  bool operator==(const Transform&) const = default;

 private:
  enum class Kind { crop, flip, shift };
  struct Step {
    Kind kind;
    Index x = 0, y = 0;
    double p = 0;
    Fill fill = Fill::zero;
    bool operator==(const Step&) const = default;
  };
  static Index inside(Fill fill, Index i, Index size);

  std::vector<Step> steps_;
  Normalization normalization_;
};

}  // namespace fanin::data
