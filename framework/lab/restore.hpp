#pragma once
#include <vector>

#include "framework/nn/module.hpp"

namespace fanin::lab {

/// Puts a model in training mode, and back as it was when it ends: statistics, generators, mode and which parameters
/// require gradients. Gradients are forgotten. A look must not change what is looked at.
class Restore {
 public:
  explicit Restore(nn::Module& model);
  ~Restore();
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  nn::Module& model_;
  bool training_;
  std::vector<Tensor> buffers_;
  std::vector<Generator> generators_;
  std::vector<bool> require_;
};

}  // namespace fanin::lab
