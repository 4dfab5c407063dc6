#pragma once
#include <vector>

#include <fanin/nn/module.hpp>
#include <fanin/start/keep_state.hpp>

namespace fanin::probe {

/// Puts a model in training mode and notes all of it while it lives, weights included. When it ends the
/// model is as it was; gradients are forgotten.
class KeepWeights {
 public:
  /// `model` must outlive it. Error for parameters without values.
  explicit KeepWeights(nn::Module& model);
  ~KeepWeights();
  KeepWeights(const KeepWeights&) = delete;
  KeepWeights& operator=(const KeepWeights&) = delete;

 private:
  start::KeepState state_;
  std::vector<nn::Module::NamedParameter> parameters_;
  std::vector<Tensor> before_;
};

}  // namespace fanin::probe
