#pragma once
#include <fanin/nn/activation.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// Of Residual.
struct ResidualOptions {
  ModulePtr body;           ///< must not be null
  std::string body_name{};  ///< empty: the body's layers carry the block's own name ("layer1.conv1.weight")
  ModulePtr shortcut{};     ///< null: the identity
  std::string shortcut_name = "shortcut";  ///< the shortcut's layers stand under it
  Activation activation{};                 ///< applied to the sum
  bool scaled = false;  ///< the body's output is multiplied by a learnable scalar, `branch_weight` [1]
  std::optional<Initializer> scale_init{};  ///< of that scalar; default: ones
};

/// y = activation(s body(x) + shortcut(x)) (He et al. 2016); s is 1, or learnable (Bachlechner et al. 2020,
/// ReZero). body(x) and shortcut(x) are of one shape.
class Residual final : public Module {
 public:
  /// Error without a body, or for one that needs a name: with parameters of its own, or without layers.
  explicit Residual(ResidualOptions options);
  /// @{
  /// A block that was moved from is empty.
  Residual(Residual&&) noexcept = default;
  Residual& operator=(Residual&&) noexcept = default;
  /// @}
  std::string kind() const override { return "Residual"; }
  Module& body() const;  ///< Error for a block that was moved from

  ParameterRef branch_weight{"branch_weight"};  ///< null when the branch is not scaled

 protected:
  Tensor forward(const Tensor& x) override;
  Residual(const Residual& other);  ///< for `copy`
  ModulePtr copy() const override;

 private:
  ModulePtr nameless_body_;  // whose layers are listed as this block's own
  Child<Module> body_, shortcut_;
  Activation activation_;
};

}  // namespace fanin::nn
