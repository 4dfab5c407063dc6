#pragma once
#include <vector>

#include "framework/nn/module.hpp"

namespace fanin::nn {

/// Puts a model in training mode, and back as it was when it ends: statistics, generators, mode and which parameters
/// require gradients. Gradients are forgotten.
class KeepState {
 public:
  explicit KeepState(Module& model);
  ~KeepState();
  KeepState(const KeepState&) = delete;
  KeepState& operator=(const KeepState&) = delete;

 private:
  Module& model_;
  bool training_;
  std::vector<Tensor> buffers_;
  std::vector<Generator> generators_;
  std::vector<bool> require_;
};

}  // namespace fanin::nn
