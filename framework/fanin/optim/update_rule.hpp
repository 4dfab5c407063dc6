#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin::optim {

struct OptimizerOptions;

/// Elements next to each other of one parameter, that a rule moves by one step.
struct Slice {
  Index count;    ///< of them
  real* w;        ///< [count] the elements
  const real* g;  ///< [count] the loss's gradient
  /// Where the group's state buffers begin, in the order of `UpdateRule::state`; for `state`.
  std::span<real* const> buffers;
  Index offset;                     ///< of the slice in them
  double lr, weight_decay;          ///< of the parameter's group
  Index updates;                    ///< steps that these elements have had before, from 0
  const OptimizerOptions& options;  ///< the optimizer's; `lr` and `weight_decay` are above

  /// [count] the elements of state buffer i, zeros before the first step; null where the rule keeps fewer.
  real* state(std::size_t i) const { return i < buffers.size() ? buffers[i] + offset : nullptr; }
};

/// How an optimizer moves parameters, as a value: each of the library's follows the torch.optim class of its
/// name, and one of your own stands beside them: `Optimizer(model, {.rule = {.name = "sign", .step = …}})`.
struct UpdateRule {
  /// In settings, results and checkpoints, which take two rules of one name for the same: numbers of a rule's
  /// own that no member of OptimizerOptions holds belong in it, "lion(sharpness=2)".
  std::string name;
  /// The learning rate that the program takes where none is given.
  double default_lr = 0.001;
  /// Whether a step's size does not grow with the gradient's, as it does for SGD alone: what decides how
  /// `mup` scales learning rates by width.
  bool adaptive = true;
  /// Whether a step without momentum is w - lr·(g + weight_decay·w), rounded after each operation: one that
  /// the backward pass can make as it computes g (`Optimizer::step_from`).
  bool plain = false;
  /// The option that is its momentum, which a schedule may cycle: sgd's `momentum`, adam's `beta1`; null where it
  /// has none.
  double OptimizerOptions::*momentum = nullptr;
  /// The names of the buffers that it keeps for each element, which checkpoints hold; none where this is
  /// empty.
  std::function<std::vector<std::string>(const OptimizerOptions&)> state = {};
  /// Moves the slice's elements and its state by one step. Called from several threads at once, each with
  /// slices of its own, and in training after warm-up it must not allocate.
  std::function<void(const Slice&)> step = {};
};

/// The rule of that name; usage Error with the nearest names.
const UpdateRule& update_rule_named(const std::string& name);
std::vector<std::string> update_rule_names();  ///< that `update_rule_named` knows
/// Adds a rule of one's own to those that a text may name. Error for a taken name, or one without a `step`.
void register_update_rule(UpdateRule rule);

}  // namespace fanin::optim
