#pragma once
#include <vector>

#include <fanin/nn/module.hpp>

namespace fanin::start {

/// What the layers that draw (dropout) draw from is as it was when this ends: so a pass within its life draws
/// the same every time.
class KeepGenerators {
 public:
  explicit KeepGenerators(nn::Module& model);
  ~KeepGenerators();
  KeepGenerators(const KeepGenerators&) = delete;
  KeepGenerators& operator=(const KeepGenerators&) = delete;

 private:
  nn::Module& model_;
  std::vector<Generator> generators_;
};

/// Puts a model in training mode, and back as it was when it ends: statistics, generators, mode and which
/// parameters require gradients. Gradients are forgotten.
class KeepState {
 public:
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
