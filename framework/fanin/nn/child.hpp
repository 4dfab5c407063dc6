#pragma once
#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// A layer's hold on a layer below it, made by `child`. It follows when the model's user puts another in its
/// place (`replace`), and in a clone it holds the clone's.
template <class Layer>
class Child {
 public:
  Child() = default;  ///< on nothing yet
  /// A copy holds the same place; that of a layer being cloned, the clone's.
  Child(const Child& other) : place_(Module::copy_of_place(other.place_)) {}
  Child(Child&&) noexcept = default;  ///< leaves nothing behind
  /// @{
  /// Takes the other's hold.
  Child& operator=(const Child& other) = default;
  Child& operator=(Child&&) noexcept = default;
  /// @}
  /// Runs it, as Module::operator().
  Tensor operator()(const Tensor& x) const { return module()(x); }
  /// The same of several tensors.
  std::vector<Tensor> operator()(std::initializer_list<Tensor> inputs) const { return module()(inputs); }
  /// @{
  /// The layer as it was declared. Error when one of another type stands in its place.
  Layer* operator->() const { return &Module::as<Layer>(module(), ""); }
  Layer& operator*() const { return *operator->(); }
  /// @}
  explicit operator bool() const { return place_ != nullptr; }  ///< whether there is a layer
  /// The layer, whatever it is. Error where there is none: not declared, or moved from.
  Module& module() const {
    if (!place_) [[unlikely]]
      Module::refuse_child();
    return **place_;
  }

 private:
  friend class Module;
  explicit Child(std::shared_ptr<ModulePtr> place) : place_(std::move(place)) {}
  std::shared_ptr<ModulePtr> place_;  // which the owner's list of children shares
};

}  // namespace fanin::nn
