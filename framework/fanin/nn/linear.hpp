#pragma once
#include <fanin/kernels/pointwise/activation.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// Of Linear.
struct LinearOptions {
  Index in = 0;                              ///< features of an input row, ≥ 1
  Index out = 0;                             ///< features of an output row, ≥ 1
  bool bias = true;                          ///< a number for each output feature
  std::optional<Initializer> weight_init{};  ///< default: kaiming_uniform(a=√5), as torch.nn.Linear
  std::optional<Initializer> bias_init{};    ///< default: fan_uniform, U(±1/√fan_in), as torch.nn.Linear
};

/// y = x Wᵀ + b with x [..., in], W [out, in], b [out], y [..., out] (torch.nn.Linear).
class Linear final : public Module {
 public:
  /// @{
  /// Error for a size below 1.
  explicit Linear(LinearOptions options);
  Linear(Index in, Index out, bool with_bias = true)
      : Linear(LinearOptions{.in = in, .out = out, .bias = with_bias}) {}
  /// @}

  ParameterRef weight{"weight"}, bias{"bias"};  ///< W and b; `bias` is null when the layer has none

  std::string kind() const override { return "Linear"; }
  std::string describe() const override;
  /// The layer with an activation behind it, in one pass.
  Tensor run_activated(const Tensor& x, kernels::Activation activation) const;

 protected:
  Tensor forward(const Tensor& x) override { return run_activated(x, {}); }
  ModulePtr copy() const override { return copied(*this); }
};

}  // namespace fanin::nn
