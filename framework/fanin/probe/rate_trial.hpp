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

/// What a few real steps did.
struct RateTrial {
  double lr = 0;      ///< at which they were made
  Index asked = 0;    ///< steps that were to be made; fewer are where the loss stopped being a number
  Index classes = 0;  ///< of the logits
  /// Of each step's own batch, before its update, nats; the last may be no number.
  std::vector<double> losses = {};
  Glance before = {}, after = {};  ///< the loss after is NaN or infinite where the steps diverged
  /// As the probe sees them after the steps; empty where those diverged.
  std::vector<LayerProbe> layers = {};
  /// Whether the loss stopped being a number.
  bool diverged() const { return layers.empty(); }
};

/// The batches that a trial steps on: `trial_steps` of the run, in an order that the seed draws.
std::vector<data::Batch> trial_batches(const data::Dataset& data, const PlannedRun& run, std::uint64_t seed);

/// Steps of plain SGD at rate `lr` (times each parameter's width scale, for `mup`) on one batch after the
/// other, in training mode, and what they change on the probed batch. The model is unchanged afterwards.
/// Error for an empty batch or parameters without values.
RateTrial try_rate(nn::Module& model, const data::Batch& probed, std::span<const data::Batch> steps,
                   double lr);

/// `try_rate` on all of the steps, or, where `sharpness` times the rate is at most 0.8, on the first half of
/// them, rounded up: so far from where steps become unstable the other half shows nothing new.
RateTrial try_run(nn::Module& model, const data::Batch& probed, std::span<const data::Batch> steps, double lr,
                  double sharpness);

}  // namespace fanin::probe
