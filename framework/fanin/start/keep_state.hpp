#pragma once
#include <utility>
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

/// Notes the mode, training or evaluation, of every layer, and puts it back when it ends.
class KeepModes {
 public:
  /// `model` must outlive it.
  explicit KeepModes(nn::Module& model);
  ~KeepModes();
  KeepModes(const KeepModes&) = delete;
  KeepModes& operator=(const KeepModes&) = delete;

 private:
  std::vector<std::pair<nn::Module*, bool>> before_;
};

/// Puts a model in training mode while it lives. When it ends the model is as it was: BatchNorm's statistics,
/// generators, every layer's mode, and which parameters require gradients; gradients are forgotten.
class KeepState {
 public:
  /// `model` must outlive it.
  explicit KeepState(nn::Module& model);
  ~KeepState();
  KeepState(const KeepState&) = delete;
  KeepState& operator=(const KeepState&) = delete;

 private:
  nn::Module& model_;
  KeepModes modes_;
  KeepGenerators generators_;
  std::vector<Tensor> buffers_;
  std::vector<bool> require_;
};

}  // namespace fanin::start
