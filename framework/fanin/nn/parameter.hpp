#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fanin/core/tensor.hpp>
#include <fanin/init/init.hpp>

namespace fanin::nn {

using init::Fan;
using init::Fans;
using init::Initializer;

class Module;

/// Where a parameter's values came from. A parameter gets values exactly once: by a draw, or by a load.
enum class Origin { declared, drawn, loaded };

/// A trainable tensor together with the scheme that its layer chose for it.
struct Parameter {
  std::string name;  ///< within its layer: "weight", "bias"
  Tensor value;      ///< `set_requires_grad(false)` freezes it; a later `true` lets it train again
  Initializer init;  ///< what its layer was made with
  Fans fans;         ///< the layer's true fan-in and fan-out, for weight and bias alike
  Origin origin = Origin::declared;       ///< where its values came from
  std::optional<Initializer> drawn_by{};  ///< the scheme that drew it; none while declared or loaded
  /// What layers of this type are born with, where it may differ from `init`; none: `init`.
  std::optional<Initializer> type_init{};

  /// What it is to its layer, by its name.
  init::Role role() const { return init::role_of(name); }
  /// What decides how far the generator moves at this parameter's turn, whatever fills it.
  const Initializer& standard() const { return type_init ? *type_init : init; }

  /// The values, for use in a forward pass; Error while they are neither drawn nor loaded.
  const Tensor& use() const {
    if (origin == Origin::declared) refuse_use();
    return value;
  }
  /// The Error that `use` gives.
  [[noreturn]] void refuse_use() const;
  /// Takes these values (a copy), as if they had been loaded: `initialize` leaves them. Error naming both
  /// shapes where they differ.
  void set(const Tensor& values);
  /// What is to draw it in place of `init`, unless a plan says otherwise. Error once it has values.
  void set_init(Initializer initializer);
};

/// A layer's hold on a parameter of its own, as `layer.weight`: a pointer that says what is wrong where it
/// has nothing to point at. Assigning another layer's (`decoder.weight = encoder.weight`) ties the two, as in
/// PyTorch: one parameter, which both use.
class ParameterRef {
 public:
  /// On nothing yet; `name`, a literal, is for messages.
  explicit ParameterRef(const char* name) : name_(name) {}
  /// On `parameter`.
  ParameterRef(const char* name, std::shared_ptr<Parameter> parameter)
      : name_(name), place_(std::make_shared<std::shared_ptr<Parameter>>(std::move(parameter))) {}
  /// A copy points at the parameter, and ties nothing when it is assigned to. That of a layer being cloned
  /// points at the clone's.
  ParameterRef(const ParameterRef& other);
  ParameterRef(ParameterRef&&) noexcept = default;  ///< leaves nothing behind
  /// Takes the other's hold and ties nothing: for a layer that is made.
  ParameterRef& operator=(ParameterRef&& other) noexcept {
    place_ = std::move(other.place_);
    return *this;
  }
  /// @{
  /// Ties: from here on the layer uses the other's parameter, or none. Error unless the shapes are equal.
  ParameterRef& operator=(const ParameterRef& other) {
    return this == &other ? *this : *this = other.shared();
  }
  ParameterRef& operator=(const std::shared_ptr<Parameter>& other);
  ParameterRef& operator=(std::nullptr_t) { return *this = std::shared_ptr<Parameter>(); }
  /// @}

  /// Whether there is a parameter.
  explicit operator bool() const { return place_ != nullptr && *place_ != nullptr; }
  /// @{
  /// Error for a parameter that the layer was made without, and for a layer that was moved from.
  Parameter* operator->() const {
    if (!*this) [[unlikely]]
      refuse();
    return place_->get();
  }
  Parameter& operator*() const { return *operator->(); }
  /// @}
  /// @{
  /// A share in the parameter; null where there is none.
  std::shared_ptr<Parameter> shared() const { return place_ ? *place_ : nullptr; }
  operator std::shared_ptr<Parameter>() const { return shared(); }
  /// @}
  /// @{
  /// Whether both are the same parameter, not of equal values alone.
  bool operator==(std::nullptr_t) const { return !*this; }
  bool operator==(const std::shared_ptr<Parameter>& other) const { return shared() == other; }
  bool operator==(const ParameterRef& other) const { return shared() == other.shared(); }
  /// @}

 private:
  friend class Module;
  [[noreturn]] void refuse() const;
  const char* name_;
  std::shared_ptr<std::shared_ptr<Parameter>> place_;  // which the layer's own list shares
};

}  // namespace fanin::nn
