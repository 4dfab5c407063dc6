#include <fanin/core/fail.hpp>
#include <fanin/nn/parameter.hpp>

namespace fanin::nn {

void Parameter::refuse_use() const {
  fail(
      "parameter '{}' of shape {} has no values yet: call initialize(model, generator) or load a state dict "
      "first (neither reaches a layer that its parent does not know by child or add_child)",
      name, value.shape().to_string());
}

void Parameter::set(const Tensor& values) {
  if (!values.defined() || values.shape() != value.shape()) {
    fail("parameter '{}' of shape {} cannot be set to {}", name, value.shape().to_string(),
         values.defined() ? "values of shape " + values.shape().to_string() : "an undefined tensor");
  }
  value.copy_from(values);
  origin = Origin::loaded;
  drawn_by.reset();
}

void Parameter::set_init(Initializer initializer) {
  if (origin != Origin::declared) {
    fail("parameter '{}' has its values already ({}), so {} would never draw it; forget() them first", name,
         drawn_by ? "drawn by " + drawn_by->to_string() : "loaded", initializer.to_string());
  }
  init = std::move(initializer);
}

ParameterRef& ParameterRef::operator=(const std::shared_ptr<Parameter>& other) {
  if (place_ == nullptr) refuse();
  if (other && *place_ && other->value.shape() != (*place_)->value.shape()) {
    fail("'{}' of shape {} cannot be tied to '{}' of shape {}: the shapes must be equal", name_,
         (*place_)->value.shape().to_string(), other->name, other->value.shape().to_string());
  }
  *place_ = other;
  return *this;
}

void ParameterRef::refuse() const {
  fail(
      "the layer has no '{0}': it was made without, or moved from; ask `if (layer.{0})` first, or make it with one",
      name_);
}

}  // namespace fanin::nn
