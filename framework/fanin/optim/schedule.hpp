#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/core/real.hpp>

namespace fanin::optim {

/// Where in a run a schedule is asked for its factor.
struct Place {
  Index step;               ///< from 0, since the end of the warm-up
  Index steps;              ///< from the end of the warm-up to the end of the run; at least 1
  Index epoch;              ///< of the run, from 0
  double progress() const;  ///< step / steps, at most 1
};

/// The learning rate as a factor of the base rate, step by step: a shape, a value of its own such as
/// `Cosine`, behind `warmup` steps of a linear rise. It has a text form, `cosine(floor=0.1, warmup=200)`. A
/// shape of your own is any value with `double factor(const Place&) const` and `std::string to_string()
/// const`; one that also has `std::optional<double> momentum(const Place&) const` sets the momentum of each step.
class Schedule {
 public:
  Schedule();  ///< constant
  /// A shape behind a warm-up of so many steps; Error (usage) for a negative number.
  template <class Shape>
  requires requires(const Shape& shape, const Place& place) { shape.factor(place), shape.to_string(); }
  Schedule(Shape shape, Index warmup = 0)
      : Schedule(shape.to_string(), warmup, [shape](const Place& place) { return shape.factor(place); }) {
    if constexpr (requires(const Place& place) { shape.momentum(place); })
      momentum_ = [shape](const Place& place) { return shape.momentum(place); };
  }

  /// One of the library's, or one that `register_schedule` was told of. Error (usage) naming the schedule or
  /// option and the nearest known names.
  static Schedule parse(const std::string& text);
  /// As it was parsed; of one made in C++ its shape's text, with the warm-up.
  const std::string& to_string() const { return text_; }
  static std::vector<std::string> names();  ///< that `parse` knows

  /// The factor for step `step` (from 0) of `total`, with `per_epoch` steps an epoch.
  double factor(Index step, Index total, Index per_epoch) const;
  /// The momentum of that step; during the warm-up that of the step behind it. None where the optimizer's own
  /// stays.
  std::optional<double> momentum(Index step, Index total, Index per_epoch) const;

 private:
  using Factor = std::function<double(const Place&)>;
  Schedule(const std::string& shape, Index warmup, Factor factor);
  std::string text_;
  Index warmup_ = 0;
  Factor factor_;
  std::function<std::optional<double>(const Place&)> momentum_;  // null: the optimizer's own throughout
};

/// The base rate throughout.
struct Constant {
  double factor(const Place&) const { return 1; }       ///< always
  std::string to_string() const { return "constant"; }  ///< its text
};

/// ×gamma each `every` epochs (torch StepLR, by epoch).
struct StepDecay {
  Index every = 1;                          ///< epochs, ≥ 1
  double gamma = 0.1;                       ///< ≥ 0
  double factor(const Place& place) const;  ///< gamma^⌊epoch / every⌋
  std::string to_string() const;            ///< "step(every=2, gamma=0.1)"
};

/// Half a cosine from 1 to `floor` over the whole run (Loshchilov & Hutter 2017, torch CosineAnnealingLR).
struct Cosine {
  double floor = 0;                         ///< ≥ 0
  double factor(const Place& place) const;  ///< 1 at the first step, towards `floor` at the last
  std::string to_string() const;            ///< "cosine(floor=0)"
};

/// The rate from 1/start to 1 and down to 1/(start·end), the momentum from `max_momentum` to `base_momentum` and
/// back, cosines both ways, with the top at the share `peak` of the run (Smith & Topin 2018; torch's OneCycleLR,
/// whose pct_start, div_factor and final_div_factor are `peak`, `start` and `end`). As there, the momentum set here
/// replaces the optimizer's own, of sgd even where that is 0; of adam and adamw it is beta1.
struct OneCycle {
  double peak = 0.3;                                         ///< in [0, 1]
  double start = 25, end = 1e4;                              ///< ≥ 1
  bool cycle_momentum = true;                                ///< else the optimizer's own momentum stays
  double base_momentum = 0.85, max_momentum = 0.95;          ///< 0 ≤ base ≤ max < 1
  double factor(const Place& place) const;                   ///< at most 1
  std::optional<double> momentum(const Place& place) const;  ///< none without `cycle_momentum`
  std::string to_string() const;                             ///< "one_cycle(peak=0.3, start=25, …)"

 private:
  /// From `edge` at the first step over `top` to `last`.
  double between(const Place& place, double edge, double top, double last) const;
};

/// How a shape is read from a call text.
struct ScheduleText {
  std::string name;                       ///< of the call
  std::vector<std::string> options = {};  ///< in the order of positional arguments; `warmup` is read for all
  std::function<Schedule(const CallOptions&)> read = {};  ///< of a call that holds no other option
};
/// Adds a shape of one's own to those that a text may name: for checkpoints and results, `read` must give
/// back what `to_string` says. Error for a taken name, or one without `read`.
void register_schedule(ScheduleText schedule);

}  // namespace fanin::optim
