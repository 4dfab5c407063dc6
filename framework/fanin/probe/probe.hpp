#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fanin/data/loader.hpp>
#include <fanin/kernels/pointwise/activation.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::probe {

/// One layer with a weight matrix, seen at its output behind the normalization and activation that follow it.
struct LayerProbe {
  std::string layer = {};               ///< full name
  kernels::Activation activation = {};  ///< behind it; none for the logits
  double mean = 0, std = 0;             ///< of all outputs
  double signal = 0;                    ///< std from sample to sample: see signal_std
  double correlation = 0;               ///< of two samples' outputs: see mean_correlation
  double dead = 0;                      ///< share of units that say the same to every sample: see dead_share
  double saturated = 0;                 ///< share of outputs on the flat ends of tanh or sigmoid, 0..1
  double gradient = 0;                  ///< norm of d loss / d output
  double rank = 0;                      ///< effective rank of the outputs, at most rank_samples - 1
  double twins = 0;                     ///< share of units with an identical twin, 0..1
  double pull = 0;  ///< ‖∇W‖ / ‖W‖; 0 for W = 0. Times a rate, a step's share of the weights
  /// It lies in a residual branch that begins at zero (a last layer or a scale of zeros: Fixup, ReZero,
  /// ZerO), so that what it does reaches nothing at first, and nothing depends on it.
  bool idle = false;
};

/// What a model does with a batch before any training.
struct Probe {
  double loss = 0;                      ///< mean cross-entropy on the batch, nats
  std::vector<LayerProbe> layers = {};  ///< in the order in which they run
  /// Singular values of d logits / d input, largest first: root mean squares over samples.
  std::vector<double> jacobian = {};
};

/// How much a probe looks at.
struct ProbeOptions {
  Index rank_samples = 64;     ///< the first of the batch, for the effective rank and the correlation
  Index jacobian_samples = 8;  ///< the first of the batch; fewer where Jacobians are so large as not to fit
  Index jacobian_logits = 64;  ///< a backward pass each; further logits are left out
};

/// A forward and backward pass of cross-entropy over the batch, and one backward pass a logit over a few of
/// its samples, in training mode; the model is unchanged afterwards, but for gradients, which are
/// forgotten. A last layer of zeros would hide the gradients of all layers before it for the one step that
/// it stays so: all but the loss is seen with a drawn one in its place. Equal arguments give equal bits for
/// any thread count. Numbers that overflow come out as infinity or NaN. `images` [N, …] as the model takes
/// them, one label each. Error for a batch that is empty, or parameters without values.
Probe probe(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels,
            const ProbeOptions& options = {});

/// The layers alone, of the model as it is, likewise.
std::vector<LayerProbe> layers_of(nn::Module& model, const Tensor& images,
                                  std::span<const std::int32_t> labels, const ProbeOptions& options = {});

/// The samples a probe looks at: `count` ≥ 1 of the set, or all it has, in an order that the seed draws.
data::Batch probe_batch(const data::Dataset& data, Index count, std::uint64_t seed);

/// d logits / d input for one sample each, [logits, inputs], row-major, of as many samples and logits as the
/// options say. The model is unchanged afterwards.
std::vector<std::vector<double>> jacobians(nn::Module& model, const Tensor& images,
                                           const ProbeOptions& options = {});

}  // namespace fanin::probe
