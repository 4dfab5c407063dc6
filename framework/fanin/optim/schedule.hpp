#pragma once
#include <string>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin::optim {

/// The learning rate as a factor of the base rate, step by step. A value with a text form:
///   constant
///   step(every=2, gamma=0.1)      ×gamma each `every` epochs (torch StepLR, by epoch)
///   cosine(floor=0)               half a cosine from 1 to floor over the whole run (Loshchilov & Hutter 2017)
///   one_cycle(peak=0.3, start=25, end=10000)   1/start → 1 → 1/end, cosine both ways (Smith & Topin 2018)
///   each with warmup=N steps of a linear rise before it.
class Schedule {
 public:
  Schedule() = default;  ///< constant
  /// Error (usage) naming the schedule or option and the nearest known names.
  static Schedule parse(const std::string& text);
  std::string to_string() const { return text_; }
  static const std::vector<std::string>& names();

  /// The factor for step `step` (from 0) of `total`, with `per_epoch` steps an epoch.
  double factor(Index step, Index total, Index per_epoch) const;

 private:
  enum class Kind { constant, step, cosine, one_cycle };
  Kind kind_ = Kind::constant;
  Index every_ = 1, warmup_ = 0;
  double gamma_ = 0.1, floor_ = 0, peak_ = 0.3, start_ = 25, end_ = 1e4;
  std::string text_ = "constant";
};

}  // namespace fanin::optim
