#pragma once
#include <fanin/kernels/pointwise/activation.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::nn {

using kernels::Activation;

/// An elementwise activation as a layer; `Sequential` fuses it into the Linear or Conv2d before it.
class ActivationLayer final : public Module {
 public:
  /// Error when it first runs for a parameter out of range (`ops::activate`).
  explicit ActivationLayer(Activation activation) : activation_(activation) {}
  std::string kind() const override;
  Activation activation() const { return activation_; }  ///< as given

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  Activation activation_;
};

/// @{
/// The layer of torch.nn that is called so, or the op of ops/activation.hpp that it computes.
ActivationLayer ReLU();
ActivationLayer LeakyReLU(double negative_slope = 0.01);
ActivationLayer ELU(double alpha = 1.0);
ActivationLayer SELU();
ActivationLayer GELU();
ActivationLayer Sigmoid();
ActivationLayer Tanh();
ActivationLayer Softplus(double beta = 1.0);
ActivationLayer SiLU();
ActivationLayer Mish();
ActivationLayer ReLU6();
ActivationLayer Hardtanh();  // between -1 and 1
ActivationLayer Hardswish();
ActivationLayer Softsign();
/// @}
/// sin(omega·x) (SIREN, Sitzmann et al. 2020): for init::siren of the same omega.
ActivationLayer Sine(double omega = 30);

/// The activation that the layer is, where it is an ActivationLayer.
std::optional<Activation> activation_of(const Module& module);

/// The activation of that text ("relu", "leaky_relu(0.2)", "sine(omega=10)", …, "none"), as model options
/// spell it; Error (usage) with the nearest names.
Activation activation_named(const std::string& name);
/// Its text, which `activation_named` reads back.
std::string activation_name(Activation activation);
/// The names that `activation_named` knows.
const std::vector<std::string>& activation_names();

/// Of PReLU.
struct PReLUOptions {
  Index parameters = 1;                      ///< 1, or one slope for each channel
  std::optional<Initializer> weight_init{};  ///< default: constant(0.25), as torch.nn.PReLU
};

/// max(0, x) + a·min(0, x) with trained slopes a (He et al. 2015; torch.nn.PReLU).
class PReLU final : public Module {
 public:
  /// @{
  /// Error for fewer than one parameter.
  explicit PReLU(PReLUOptions options = {});
  explicit PReLU(Index parameters) : PReLU(PReLUOptions{.parameters = parameters}) {}
  /// @}
  ParameterRef weight{"weight"};  ///< a, [parameters]
  std::string kind() const override { return "PReLU"; }

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }
};

}  // namespace fanin::nn
