#pragma once
#include <string>
#include <vector>

#include <fanin/init/pattern.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::train {

/// Which parameters a rule speaks of.
using init::covers;

/// A learning rate of its own for some layers.
struct RateRule {
  std::string pattern;  ///< as for `covers`
  double scale = 1;     ///< ≥ 0, times the optimizer's learning rate
};

/// How a model that starts from loaded weights is trained further. The defaults change nothing: all layers
/// train alike.
struct FineTune {
  /// Patterns: never trained. Below the lowest trained layer no gradient is computed at all.
  std::vector<std::string> freeze{};
  /// BatchNorm layers whose parameters do not train keep their running statistics too.
  bool freeze_statistics = true;
  std::string head{};  ///< pattern of the new task's layer; empty: the last layer that has a weight matrix
  std::vector<RateRule> rates{};  ///< learning rates by pattern; the last one that covers a parameter wins
  /// In (0, 1]: each layer below the head learns this much slower than the one above it (the discriminative
  /// rates of Howard & Ruder 2018; "layer-wise learning rate decay").
  double layer_decay = 1;
  /// First so many epochs train the head alone, so that its noise does not wreck the features.
  int head_epochs = 0;
  /// Gradual unfreezing: one more layer below the head every so many epochs (ibid.); 0: all from the start.
  int unfreeze_every = 0;
  double l2_sp = 0;    ///< α: adds α/2·‖w − w₀‖² for all but the head (Li et al. 2018, L2-SP)
  double l2_head = 0;  ///< β: adds β/2·‖w‖² for the head

  bool empty() const;  ///< whether it changes nothing
};

/// What a fine-tuning plan means for one parameter.
struct LayerPlan {
  std::string name;                   ///< of the parameter
  int depth = 0;                      ///< weight layers above it; 0 for the head's own layer
  bool head = false, frozen = false;  ///< of the new task's layer; never trained
  double lr_scale = 1;                ///< times the optimizer's learning rate
  int from_epoch = 1;                 ///< the first epoch (from 1) that trains it
};

/// Drives a FineTune through a training run. Restores every parameter's requires_grad and every BatchNorm's
/// statistics mode when it ends.
class FineTuning {
 public:
  /// Error (usage) for a pattern that covers nothing (with the nearest names), numbers out of range, or a
  /// plan that trains nothing.
  FineTuning(nn::Module& model, FineTune options);
  ~FineTuning();
  FineTuning(const FineTuning&) = delete;
  FineTuning& operator=(const FineTuning&) = delete;

  /// What the plan means for each parameter, in the model's order.
  const std::vector<LayerPlan>& layers() const { return layers_; }
  /// The parameters that will ever train, by learning rate: for an Optimizer.
  std::vector<optim::Group> groups() const;
  /// Decides what trains in `epoch` (from 1).
  void begin_epoch(int epoch);
  /// L2-SP's w₀ by parameter, sharing its elements: part of a checkpoint's state.
  std::vector<std::pair<std::string, Tensor>> starts() const;
  /// The penalties pull by as much a step as they would without these factors of the learning rates
  /// (start/width.hpp), which are given for every parameter in the model's order.
  void equalize_penalties(const std::vector<std::pair<std::string, double>>& width_scales);
  /// Whether `add_penalties` has any to add.
  bool penalizes() const;
  /// Adds the penalties' gradients to those at hand; between backward and the optimizer's step.
  void add_penalties();

 private:
  struct Entry;
  FineTune options_;
  std::vector<LayerPlan> layers_;
  std::vector<Entry> entries_;
};

}  // namespace fanin::train
