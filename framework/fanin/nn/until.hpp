#pragma once
#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// A model up to one of its layers (`Module::until`): a view, which the model must outlive.
template <class AModule>
class UntilOf {
 public:
  /// What the layer gives when the model runs on x, in the model's mode and recorded for gradients; what
  /// stands behind the layer does not run. Error for a layer that the model does not come to, or that gives
  /// several tensors.
  Tensor operator()(const Tensor& x) const requires(!std::is_const_v<AModule>) {
    return Module::run_until(*model_, *layer_, name_, {&x, 1})[0];
  }
  /// The same in evaluation mode, with nothing recorded, as `Module::predict`.
  Tensor predict(const Tensor& x) const { return Module::predict_until(*model_, *layer_, name_, {&x, 1})[0]; }

 private:
  friend class Module;
  UntilOf(AModule& model, const Module& layer, std::string name)
      : model_(&model), layer_(&layer), name_(std::move(name)) {}
  AModule* model_;
  const Module* layer_;
  std::string name_;
};

using Until = UntilOf<Module>;             ///< of a model that may change
using ConstUntil = UntilOf<const Module>;  ///< of a const one

}  // namespace fanin::nn
