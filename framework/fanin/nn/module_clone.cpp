#include <unordered_map>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/nn/module_walk.inl>

namespace fanin::nn {

/// What a clone under way on this thread has copied so far: each parameter and layer once, as it is shared.
struct Module::Copies {
  std::unordered_map<const Parameter*, std::shared_ptr<Parameter>> parameters;
  std::unordered_map<const std::shared_ptr<Parameter>*, std::shared_ptr<std::shared_ptr<Parameter>>> holds;
  std::unordered_map<const Module*, ModulePtr> layers;
  std::unordered_map<const ModulePtr*, std::shared_ptr<ModulePtr>> places;
  Copies* before;
  static thread_local Copies* current;

  Copies() : before(std::exchange(current, this)) {}
  ~Copies() { current = before; }
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;

  std::shared_ptr<Parameter> copy(const std::shared_ptr<Parameter>& from) {
    if (from == nullptr) return nullptr;
    std::shared_ptr<Parameter>& to = parameters[from.get()];
    if (to == nullptr) {
      to = std::make_shared<Parameter>(*from);
      to->value = Tensor(from->value.shape());
      if (from->value.has_values())
        to->value.copy_from(from->value);
      else
        to->value.unset(fmt::format("parameter '{}'", from->name));
      to->value.set_requires_grad(from->value.requires_grad());
    }
    return to;
  }
  ModulePtr copy(const ModulePtr& from) {
    if (from == nullptr) return nullptr;
    if (const auto found = layers.find(from.get()); found != layers.end()) return found->second;
    from->require_whole();
    ModulePtr to = from->copy();
    layers.emplace(from.get(), to);
    return to;
  }
};
thread_local Module::Copies* Module::Copies::current = nullptr;

Module::Module(const Module& other)
    : drawn_first_(other.drawn_first_), training_(other.training_), stream_chosen_(other.stream_chosen_) {
  if (Copies::current == nullptr)
    fail("{}: a layer is not copied by the way: std::move it, or make another with clone()", other.kind());
  Copies& copies = *Copies::current;
  for (const OwnParameter& own : other.parameters_) {
    const auto place = std::make_shared<std::shared_ptr<Parameter>>(copies.copy(*own.place));
    copies.holds[own.place.get()] = place;
    std::weak_ptr<Parameter> born;
    if (own.born.lock() == *own.place) born = *place;
    parameters_.push_back({own.name, place, std::move(born), own.standard, own.shape, own.fans});
  }
  for (const BufferTensor& buffer : other.buffers_) buffers_.push_back({buffer.name, buffer.value.clone()});
  const std::size_t own_children = other.children().size();
  if (other.listed_) list_children_of(copies.copy(other.listed_));
  for (std::size_t i = other.listed_count_; i < own_children; ++i) {
    children_.emplace_back(other.children_[i].first, copies.copy(other.children_[i].second));
    const auto& place = other.places_[i];
    places_.push_back(place ? std::make_shared<ModulePtr>(children_.back().second) : nullptr);
    if (place) copies.places[place.get()] = places_.back();
  }
}

ParameterRef::ParameterRef(const ParameterRef& other) : name_(other.name_) {
  if (Module::Copies* copies = Module::Copies::current) {
    const auto found = copies->holds.find(other.place_.get());
    if (found != copies->holds.end()) {
      place_ = found->second;
      return;
    }
    if (other.place_) place_ = std::make_shared<std::shared_ptr<Parameter>>(copies->copy(*other.place_));
    return;
  }
  place_ = std::make_shared<std::shared_ptr<Parameter>>(other.shared());
}

std::shared_ptr<ModulePtr> Module::copy_of_place(const std::shared_ptr<ModulePtr>& place) {
  if (Copies::current == nullptr || place == nullptr) return place;
  const auto found = Copies::current->places.find(place.get());
  if (found != Copies::current->places.end()) return found->second;
  return std::make_shared<ModulePtr>(Copies::current->copy(*place));
}

ModulePtr Module::copy_of(const ModulePtr& layer) {
  return Copies::current ? Copies::current->copy(layer) : layer;
}

ModulePtr Module::copy() const {
  fail(
      "{}: this layer's class does not say how it is cloned; if its members are numbers, Child and ParameterRef, add to it: nn::ModulePtr copy() const override {{ return copied(*this); }}",
      kind());
}

std::vector<long> Module::require_copyable() const {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (places_[i] == nullptr)
      fail(
          "{}: cannot be cloned, as it declares its layer '{}' by add_child and holds it by itself; declare it by child()",
          kind(), children_[i].first);
  }
  std::vector<long> held;
  for (const BufferTensor& buffer : buffers_) held.push_back(buffer.value.handles());
  return held;
}

void Module::require_apart(const std::vector<long>& held) const {
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (buffers_[i].value.handles() != held[i])
      fail(
          "{}: its copy would share the buffer '{}' with it; write a copy constructor that takes the copy's own from own_buffers()",
          kind(), buffers_[i].name);
  }
}

ModulePtr Module::clone() const {
  require_whole();
  const Copies copies;
  ModulePtr made = copy();
  for (const auto& one : made->named_parameters()) say_whose(*one.parameter, one.name);
  return made;
}

}  // namespace fanin::nn
