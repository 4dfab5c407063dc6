#include <algorithm>
#include <mutex>
#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/declaration_limit.hpp>
#include <fanin/nn/module_walk.inl>

namespace fanin::nn {
namespace {

/// Parameters and buffers share a layer's names in its state dict. The layer may be half made: it is not asked
/// its kind.
void require_new(const std::string& name, const auto& parameters, const auto& buffers) {
  const auto named_so = [&](const auto& one) { return one.name == name; };
  if (std::any_of(parameters.begin(), parameters.end(), named_so) ||
      std::any_of(buffers.begin(), buffers.end(), named_so))
    fail("two parameters or buffers of a layer are named '{}'; each needs a name of its own", name);
  if (name.empty() || name.find('.') != std::string::npos)
    fail("'{}' is not a name of a parameter or buffer (empty or with a dot)", name);
}

}  // namespace

ParameterRef Module::add_parameter(const char* name, const Shape& shape, Initializer standard, Fans fans,
                                   std::optional<Initializer> chosen) {
  require_new(name, parameters_, buffers_);
  DeclarationLimit::count(shape);
  ParameterRef ref(name, std::make_shared<Parameter>(
                             Parameter{name, Tensor(shape), chosen ? std::move(*chosen) : standard, fans}));
  ref->type_init = standard;
  ref->value.unset(fmt::format("parameter '{}'", name));
  ref->value.set_requires_grad(true);
  parameters_.push_back({name, ref.place_, *ref.place_, std::move(standard), shape, fans});
  return ref;
}

Tensor Module::add_buffer(std::string name, Tensor value) {
  require_new(name, parameters_, buffers_);
  require_defined("add_buffer", name.c_str(), value);
  buffers_.push_back({std::move(name), value});
  return value;
}

void Module::check_child(const std::string& name, const ModulePtr& child) {
  if (child == nullptr) fail("{}: the layer '{}' is null; give one that was made", kind(), name);
  walk(*child, name, [this](const std::string& full_name, Module& module) {
    for (const Module* one = &module; one; one = one->listed_.get())
      if (one == this)
        fail("{}: the layer '{}' is this layer itself, and nothing can be below itself", kind(), full_name);
  });
}

void Module::add_child(std::string name, ModulePtr child) {
  for (const auto& [taken, other] : children()) {
    if (taken == name) fail("{}: two layers are named '{}'", kind(), name);
  }
  if (name.empty() || name.find('.') != std::string::npos)
    fail("{}: '{}' is not a layer name (empty or with a dot)", kind(), name);
  check_child(name, child);
  for (const auto& one : child->named_parameters()) say_whose(*one.parameter, join(name, one.name));
  children_.emplace_back(std::move(name), std::move(child));
  places_.push_back(nullptr);
}

std::shared_ptr<ModulePtr> Module::place_child(const std::string& name, ModulePtr child) {
  add_child(name, std::move(child));
  places_.back() = std::make_shared<ModulePtr>(children_.back().second);
  return places_.back();
}

void Module::list_children_of(ModulePtr inner) {
  check_child(inner->kind(), inner);
  listed_ = std::move(inner);
  list_again();
}

void Module::list_again() const {
  // Several threads may be the first to look after the block within has changed: one of them writes, and a list
  // that is up to date is never written.
  static std::mutex listing;
  const auto& now = listed_->children();
  const std::lock_guard lock(listing);
  const auto same = [](const auto& a, const auto& b) { return a.second == b.second && a.first == b.first; };
  if (now.size() == listed_count_ && std::equal(now.begin(), now.end(), children_.begin(), same)) return;
  for (std::size_t i = listed_count_; i < children_.size(); ++i)
    for (const auto& one : now)
      if (one.first == children_[i].first) fail("{}: two layers are named '{}'", kind(), one.first);
  const auto count = static_cast<std::ptrdiff_t>(listed_count_);
  children_.erase(children_.begin(), children_.begin() + count);
  places_.erase(places_.begin(), places_.begin() + count);
  children_.insert(children_.begin(), now.begin(), now.end());
  places_.insert(places_.begin(), listed_->places_.begin(), listed_->places_.end());
  listed_count_ = now.size();
}

void Module::refuse_child() {
  fail("this hold on a layer is empty: it was not made by child(), or was moved from");
}

void Module::set_child(const std::string& name, ModulePtr layer) {
  this->layer(name);
  check_child(name, layer);
  const auto dot = name.rfind('.');
  if (dot != std::string::npos)
    return this->layer(name.substr(0, dot))->set_child(name.substr(dot + 1), std::move(layer));
  const auto found =
      std::find_if(children_.begin(), children_.end(), [&](const auto& one) { return one.first == name; });
  std::shared_ptr<ModulePtr>& place = places_[static_cast<std::size_t>(found - children_.begin())];
  if (place == nullptr)
    fail(
        "{}: its layer '{}' cannot be replaced, as it declares it by add_child and holds it by itself; declare it by child()",
        kind(), name);
  for (const auto& one : layer->named_parameters()) say_whose(*one.parameter, join(name, one.name));
  layer->train(training_);
  if (static_cast<std::size_t>(found - children_.begin()) < listed_count_) {
    listed_->set_child(name, std::move(layer));
    return list_again();
  }
  *place = layer;
  found->second = std::move(layer);
}

/// A layer that stands nowhere in the model is reached by no `initialize`, optimizer or state dict: so one that
/// would train, or has no values, is refused where a layer of the model runs it.
void Module::require_below(const Module& layer) const {
  for (const auto& [name, child] : children()) {
    if (child.get() == &layer) return;
  }
  const auto needs_a_place = [](const OwnParameter& own) {
    const Parameter* one = own.place->get();
    return one && (one->origin == Origin::declared || (grad_enabled() && one->value.requires_grad()));
  };
  if (std::none_of(layer.parameters_.begin(), layer.parameters_.end(), needs_a_place)) return;
  const auto all = named_modules();
  if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.module == &layer; })) return;
  fail(
      "{}: it runs a layer that is not below it, {}, which no initialize, optimizer or file reaches; declare it by child(\"name\", layer) or add_child",
      kind(), layer.describe());
}

}  // namespace fanin::nn
