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

  /// The noted weights plus `distance` times `direction`, one value for each element of the parameters that
  /// require a gradient, in their order.
  void move_to(const std::vector<double>& direction, double distance);
  /// The gradients of those parameters in that order; 0 where there is none.
  std::vector<double> gradients() const;
  /// Their noted values.
  std::vector<double> values() const;

 private:
  start::KeepState state_;
  std::vector<nn::Module::NamedParameter> parameters_;
  std::vector<Tensor> before_;
};

}  // namespace fanin::probe
