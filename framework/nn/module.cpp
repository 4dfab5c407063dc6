#include "framework/nn/module.hpp"

#include <algorithm>

#include "framework/core/error.hpp"
#include "framework/ops/activation.hpp"
#include "framework/ops/pool2d.hpp"

namespace fanin::nn {
namespace {

thread_local Observer* observer = nullptr;

std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// Calls visit(full name, module) for `module` and all below it, parents first.
template <class Visit>
void walk(Module& module, const std::string& name, const Visit& visit) {
  visit(name, module);
  for (const auto& [child_name, child] : module.children()) walk(*child, join(name, child_name), visit);
}

}  // namespace

Observer::Observer(Callback callback) : callback_(std::move(callback)), before_(observer) { observer = this; }
Observer::~Observer() { observer = before_; }
bool Observer::active() { return observer != nullptr; }

void Parameter::refuse_use() const {
  fail(
      "parameter '{}' of shape {} has no values yet: call initialize(model, generator) or load a state dict "
      "first",
      name, value.shape().to_string());
}

Tensor Module::operator()(const Tensor& x) {
  Tensor y;
  try {
    y = forward(x);
  } catch (const Error&) {
    // A layer knows its parameter only as "weight"; the outermost module knows it by its full name.
    for (const auto& one : named_parameters()) {
      if (one.parameter->origin != Origin::declared) continue;
      Parameter named = *one.parameter;
      named.name = one.name;
      named.refuse_use();
    }
    throw;
  }
  if (observer != nullptr) observer->callback_(*this, y);
  return y;
}

Tensor Module::fused(const Tensor& x, Activation activation) { return run_fused(x, activation); }

Tensor Module::run_fused(const Tensor& x, Activation activation) {
  return ops::activate((*this)(x), activation);
}

Tensor Module::run_fused_pool(const Tensor& x) { return ops::max_pool2d(fused(x, {Activation::Kind::relu})); }

std::string Module::describe() const { return kind() + "()"; }

void Module::train(bool on) {
  walk(*this, "", [on](const std::string&, Module& module) { module.training_ = on; });
}

void Module::reseed(std::uint64_t seed) {
  for (auto& [name, generator] : named_generators()) *generator = Generator(derive_seed(seed, name));
}

std::vector<Module::NamedParameter> Module::named_parameters() {
  std::vector<NamedParameter> all;
  walk(*this, "", [&](const std::string& name, Module& module) {
    for (auto& one : module.parameters_) all.push_back({join(name, one->name), one, &module});
  });
  return all;
}

std::vector<std::pair<std::string, Tensor>> Module::named_buffers() {
  std::vector<std::pair<std::string, Tensor>> all;
  walk(*this, "", [&](const std::string& name, Module& module) {
    for (auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::vector<Module::NamedModule> Module::named_modules() {
  std::vector<NamedModule> all;
  walk(*this, "", [&](const std::string& name, Module& module) { all.push_back({name, &module}); });
  return all;
}

std::vector<std::pair<std::string, Tensor>> Module::state_dict() {
  std::vector<std::pair<std::string, Tensor>> all;
  walk(*this, "", [&](const std::string& name, Module& module) {
    for (auto& one : module.parameters_) all.emplace_back(join(name, one->name), one->value);
    for (auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::shared_ptr<Parameter> Module::parameter(const std::string& name) {
  std::vector<std::string> known;
  for (auto& one : named_parameters()) {
    if (one.name == name) return one.parameter;
    known.push_back(one.name);
  }
  fail_usage("no parameter is named '{}'{}", name, suggest(name, known));
}

bool Module::has_matrix() const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [](const auto& one) { return one->value.rank() >= 2; });
}

Index Module::parameter_count() {
  Index count = 0;
  for (auto& one : named_parameters()) count += one.parameter->value.numel();
  return count;
}

std::vector<std::pair<std::string, Generator*>> Module::named_generators() {
  std::vector<std::pair<std::string, Generator*>> all;
  walk(*this, "", [&](const std::string& name, Module& module) {
    if (Generator* generator = module.own_generator()) all.emplace_back(name, generator);
  });
  return all;
}

std::shared_ptr<Parameter> Module::add_parameter(std::string name, const Shape& shape, Initializer init,
                                                 Fans fans) {
  auto parameter =
      std::make_shared<Parameter>(Parameter{std::move(name), Tensor(shape), std::move(init), fans});
  parameter->value.set_requires_grad(true);
  parameters_.push_back(parameter);
  return parameter;
}

Tensor Module::add_buffer(std::string name, Tensor value) {
  buffers_.push_back({std::move(name), value});
  return value;
}

void Module::add_child(std::string name, ModulePtr child) {
  for (const auto& [taken, other] : children_) {
    if (taken == name) fail("{}: two layers are named '{}'", kind(), name);
  }
  if (name.empty() || name.find('.') != std::string::npos)
    fail("{}: '{}' is not a layer name (empty or with a dot)", kind(), name);
  children_.emplace_back(std::move(name), std::move(child));
}

}  // namespace fanin::nn
