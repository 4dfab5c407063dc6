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

/// What a few real steps did.
struct RateTrial {
  double lr = 0;      ///< at which they were made
  Index asked = 0;    ///< steps that were to be made; fewer are where the loss stopped being a number
  Index classes = 0;  ///< of the logits
  std::vector<double> losses =
      {};                  ///< of each step's own batch, before its update, nats; the last may be no number
  double loss_before = 0;  ///< on the probed batch, nats
  double loss_after = 0;   ///< likewise; NaN or infinite where the steps diverged
  std::vector<LayerProbe> layers =
      {};  ///< as the probe sees them after the steps; empty where those diverged
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

}  // namespace fanin::probe
