#pragma once
#include <fanin/nn/module.hpp>

namespace fanin::nn {

struct ResidualOptions {
  ModulePtr body;
  std::string body_name{};  ///< empty: the body's layers carry the block's own name ("layer1.conv1.weight")
  ModulePtr shortcut{};     ///< null: the identity
  std::string shortcut_name = "shortcut";
  Activation activation{};  ///< applied to the sum
  bool scaled = false;      ///< the body's output is multiplied by a learnable scalar, `branch_weight` [1]
  std::optional<Initializer> scale_init{};  ///< of that scalar; default: ones
};

/// y = activation(s body(x) + shortcut(x)) (He et al. 2016); s is 1, or learnable (Bachlechner et al. 2020,
/// ReZero).
class Residual final : public Module {
 public:
  explicit Residual(ResidualOptions options);
  std::string kind() const override { return "Residual"; }
  Module& body();

  ParameterRef branch_weight{"branch_weight"};  ///< null when the branch is not scaled

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  ModulePtr body_, shortcut_;
  Activation activation_;
};

}  // namespace fanin::nn
