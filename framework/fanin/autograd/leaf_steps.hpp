#pragma once
#include <span>

#include <fanin/core/tensor.hpp>
#include <fanin/kernels/optim/optimizer_step.hpp>

namespace fanin {

/// A step of plain SGD (no momentum) that a backward pass may make as soon as it has a leaf's gradient.
struct LeafStep {
  const Shape* leaf;      ///< the leaf, by `&tensor.shape()`, which lies where no other's does
  kernels::SgdStep step;  ///< its rate and weight decay
  bool* made;             ///< set when a pass has moved the leaf
  int uses = 0;           ///< how often the graph of the pass reads the leaf; counted by the pass
};

/// While one lives, backward passes on this thread may move the leaves listed in it, in place of storing
/// their gradients, which saves two passes over each: an op asks `Gradients::step`. Only a leaf that the
/// graph reads once, and that has no gradient yet, is moved; others get theirs as ever. `Optimizer::step_from`
/// makes one.
class LeafSteps {
 public:
  explicit LeafSteps(std::span<LeafStep> leaves);  ///< sorts them; they must outlive this
  ~LeafSteps();
  LeafSteps(const LeafSteps&) = delete;
  LeafSteps& operator=(const LeafSteps&) = delete;

  /// Of this thread; null when none lives.
  static LeafSteps* current();
  /// The leaf's entry; null when it is not listed.
  LeafStep* find(const Tensor& leaf) const;

 private:
  std::span<LeafStep> leaves_;
  LeafSteps* before_;
};

}  // namespace fanin
