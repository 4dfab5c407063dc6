#pragma once
#include <concepts>

#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// Layers in a row, each under its name: `Sequential net("fc1", Linear(784, 128), "relu1", ReLU(), "fc2",
/// Linear(128, 10));`
class Sequential final : public Module {
 public:
  Sequential() = default;  ///< no layers: the identity
  /// Names and layers in turn; the Errors of `add`.
  template <class Layer, class... Rest>
  Sequential(std::string name, Layer layer, Rest... rest) {
    add_all(std::move(name), std::move(layer), std::move(rest)...);
  }

  /// @{
  /// Appends `layer` under `name`. Error for a name in use, empty or with a dot, and for a null layer.
  template <std::derived_from<Module> Layer>
  Sequential& add(const std::string& name, Layer layer) {
    return add(name, std::make_shared<Layer>(std::move(layer)));
  }
  Sequential& add(const std::string& name, ModulePtr layer) {
    child(name, std::move(layer));
    return *this;
  }
  /// @}

  std::string kind() const override { return "Sequential"; }

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  void add_all() {}
  template <class Layer, class... Rest>
  void add_all(std::string name, Layer layer, Rest... rest) {
    add(std::move(name), std::move(layer));
    add_all(std::move(rest)...);
  }
};

}  // namespace fanin::nn
