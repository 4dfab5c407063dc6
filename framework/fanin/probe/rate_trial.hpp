#pragma once
#include <span>
#include <vector>

#include <fanin/data/loader.hpp>
#include <fanin/probe/probe.hpp>

namespace fanin::probe {

/// The run that is to follow, as far as its first steps depend on it: plain SGD.
struct PlannedRun {
  double lr = 0.1;     ///< learning rate
  Index batch = 64;    ///< samples a step
  Index steps = 4700;  ///< in all; those of five epochs of 60,000 samples
};

/// Steps that a trial of such a run may make: 2 % of the run's, at least 1 and at most 30. A probe is no
/// training.
Index trial_steps(const PlannedRun& run);

/// What the probed batch shows of a model at one moment of a trial.
struct Glance {
  double loss = 0;   ///< cross-entropy, nats
  double right = 0;  ///< share of samples whose class has the largest logit, 0..1
  double slope = 0;  ///< norm of the gradient by all weights of two or more dimensions
};

/// What a few real steps did: the first half of them, rounded up, at the run's rate, the others from there at
/// `pressure` times it. Under pressure a run that is near the largest rate it can stand breaks within few
/// steps, and one that is slow shows more of where it is going.
struct RateTrial {
  double lr = 0;            ///< of the run
  Index steps = 0;          ///< at it that were asked for
  Index pressed_steps = 0;  ///< at `pressure` times it
  Index classes = 0;        ///< of the logits
  /// Of each step's own batch, before its update, nats; the last may be no number.
  std::vector<double> losses = {};
  /// Before the steps, after those at the rate, and after those under pressure. From where the loss or its gradient
  /// stopped being a number they are NaN or infinite.
  Glance before = {}, after = {}, pressed = {};
  /// As the probe sees them at the latter two; empty where the steps diverged before.
  std::vector<LayerProbe> layers = {}, pressed_layers = {};
  /// Whether loss or gradient stopped being a number, at the rate itself.
  bool diverged() const { return layers.empty(); }
  /// Whether it did under pressure, or before.
  bool broke() const { return pressed_layers.empty(); }
};
/// The rate of the second half of a trial by the run's.
inline constexpr double pressure = 3;

/// The batches that a trial steps on: the first `trial_steps` of a run that trains with this seed on all of the set,
/// its last batch kept.
std::vector<data::Batch> trial_batches(const data::Dataset& data, const PlannedRun& run, std::uint64_t seed);

/// Steps of plain SGD on one batch after the other at rate `lr` (times each parameter's width scale, for
/// `mup`) and then at `pressure` times it, in training mode, and what they change on the probed batch. The
/// model is unchanged afterwards. Error for an empty batch or parameters without values.
RateTrial try_rate(nn::Module& model, const data::Batch& probed, std::span<const data::Batch> steps,
                   double lr);

}  // namespace fanin::probe
