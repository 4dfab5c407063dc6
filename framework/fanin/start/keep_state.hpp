#pragma once
#include <vector>

#include <fanin/nn/module.hpp>

namespace fanin::start {

/// Notes what the layers that draw while they run (dropout) draw from, and puts it back when it ends:
/// whatever passes were made in between, the model's next one draws as if there had been none.
class KeepGenerators {
 public:
  /// `model` must outlive it.
  explicit KeepGenerators(nn::Module& model);
  ~KeepGenerators();
  KeepGenerators(const KeepGenerators&) = delete;
  KeepGenerators& operator=(const KeepGenerators&) = delete;

 private:
  nn::Module& model_;
  std::vector<Generator> generators_;
};

/// Puts a model in training mode while it lives. When it ends the model is as it was: BatchNorm's statistics,
/// generators, and which parameters require gradients; all layers get the mode that the model itself had, and
/// gradients are forgotten.
class KeepState {
 public:
  /// `model` must outlive it.
  explicit KeepState(nn::Module& model);
  ~KeepState();
  KeepState(const KeepState&) = delete;
  KeepState& operator=(const KeepState&) = delete;

 private:
  nn::Module& model_;
  bool training_;
  KeepGenerators generators_;
  std::vector<Tensor> buffers_;
  std::vector<bool> require_;
};

}  // namespace fanin::start
