#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fanin/core/error.hpp>
#include <fanin/nn/declaration_limit.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/ops/pool2d.hpp>

namespace fanin::nn {
namespace {

thread_local Observer* observer = nullptr;

std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

}  // namespace

/// Calls visit(full name, module) for `module` and all below it, parents first, under every name a module
/// has.
template <class Visit>
void Module::walk(Module& module, const std::string& name, const Visit& visit) {
  module.require_whole();
  visit(name, module);
  for (const auto& [child_name, child] : module.children_) walk(*child, join(name, child_name), visit);
}

/// The same, but each module once, under its first name.
template <class Visit>
void Module::walk_once(Module& module, const Visit& visit) {
  std::unordered_set<const Module*> seen;
  walk(module, "", [&](const std::string& name, Module& one) {
    if (seen.insert(&one).second) visit(name, one);
  });
}

Observer::Observer(Callback callback) : callback_(std::move(callback)), before_(observer) {
  if (!callback_) fail("an Observer needs a function to call, got an empty one");
  observer = this;
}
Observer::~Observer() { observer = before_; }
bool Observer::active() { return observer != nullptr; }

void Parameter::refuse_use() const {
  fail(
      "parameter '{}' of shape {} has no values yet: call initialize(model, generator) or load a state dict "
      "first (neither reaches a layer that its parent does not know by add_child)",
      name, value.shape().to_string());
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

Module::Module(Module&& other) noexcept
    : parameters_(std::move(other.parameters_)),
      buffers_(std::move(other.buffers_)),
      children_(std::move(other.children_)),
      drawn_first_(std::move(other.drawn_first_)),
      training_(other.training_),
      moved_from_(std::exchange(other.moved_from_, true)),
      stream_chosen_(other.stream_chosen_) {}

Module& Module::operator=(Module&& other) noexcept {
  if (this == &other) return *this;
  parameters_ = std::move(other.parameters_);
  buffers_ = std::move(other.buffers_);
  children_ = std::move(other.children_);
  drawn_first_ = std::move(other.drawn_first_);
  training_ = other.training_;
  moved_from_ = std::exchange(other.moved_from_, true);
  stream_chosen_ = other.stream_chosen_;
  return *this;
}

void Module::require_whole() const {
  if (moved_from_)
    fail("{}: this layer was moved from and is empty; use the one that it was moved into", kind());
}

Tensor Module::operator()(const Tensor& x) {
  require_whole();
  if (!x.defined()) fail("{}: the input is undefined: a tensor with elements is needed", kind());
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
  // Written only where it changes: a model in evaluation mode may be put there again by several threads at
  // once.
  walk(*this, "", [on](const std::string&, Module& module) {
    if (module.training_ != on) module.training_ = on;
  });
}

void Module::reseed(std::uint64_t seed) {
  walk_once(*this, [seed](const std::string& name, Module& module) {
    Generator* generator = module.own_generator();
    if (generator == nullptr) return;
    *generator = Generator(derive_seed(seed, name));
    module.stream_chosen_ = true;
  });
}

void Module::seed_streams(std::uint64_t seed) {
  walk_once(*this, [seed](const std::string& name, Module& module) {
    Generator* generator = module.own_generator();
    if (generator == nullptr || std::exchange(module.stream_chosen_, true)) return;
    *generator = Generator(derive_seed(seed, name));
  });
}

std::vector<Module::Stream> Module::streams() {
  std::vector<Stream> all;
  walk_once(*this, [&](const std::string&, Module& module) {
    if (const Generator* generator = module.own_generator())
      all.push_back({&module, *generator, module.stream_chosen_});
  });
  return all;
}

void Module::set_streams(const std::vector<Stream>& streams) {
  for (const Stream& one : streams) {
    *one.layer->own_generator() = one.generator;
    one.layer->stream_chosen_ = one.chosen;
  }
}

std::vector<std::shared_ptr<Parameter>> Module::own_parameters() const {
  std::vector<std::shared_ptr<Parameter>> all;
  for (const auto& one : parameters_) {
    if (*one.place) all.push_back(*one.place);
  }
  return all;
}

std::vector<Module::NamedParameter> Module::all_names() {
  std::vector<NamedParameter> all;
  walk(*this, "", [&](const std::string& name, Module& module) {
    for (auto& one : module.parameters_) {
      if (*one.place) all.push_back({join(name, one.name), *one.place, &module});
    }
  });
  return all;
}

std::vector<Module::NamedParameter> Module::named_parameters() {
  std::vector<NamedParameter> all = all_names();
  std::unordered_set<const Parameter*> seen;
  std::erase_if(all, [&](const NamedParameter& one) { return !seen.insert(one.parameter.get()).second; });
  return all;
}

std::vector<std::size_t> Module::draw_order() {
  std::vector<std::size_t> order;
  for (const DrawTurn& turn : draw_turns()) {
    if (turn.index) order.push_back(*turn.index);
  }
  return order;
}

std::vector<Module::DrawTurn> Module::draw_turns() {
  using Turn = std::pair<std::string, const OwnParameter*>;  // its name below the layer at hand
  const auto turns_of = [](const auto& self, Module& module) -> std::vector<Turn> {
    std::vector<Turn> declared, turns;
    for (const auto& one : module.parameters_) {
      if (*one.place) declared.emplace_back(one.name, &one);
    }
    for (const auto& [name, child] : module.children_)
      for (const Turn& turn : self(self, *child)) declared.emplace_back(join(name, turn.first), turn.second);
    std::vector<bool> taken(declared.size());
    const auto take = [&](const auto& wanted) {
      for (std::size_t i = 0; i < declared.size(); ++i) {
        if (taken[i] || !wanted(declared[i].first)) continue;
        taken[i] = true;
        turns.push_back(declared[i]);
      }
    };
    for (const std::string& first : module.drawn_first_)
      take([&](const std::string& name) { return name == first || name.starts_with(first + "."); });
    take([](const std::string&) { return true; });
    return turns;
  };
  std::unordered_map<const Parameter*, std::size_t> index;
  std::size_t next = 0;
  for (const auto& one : named_parameters()) index.emplace(one.parameter.get(), next++);
  std::vector<DrawTurn> all;
  std::unordered_set<const OwnParameter*> seen;  // a layer that stands twice was made once
  for (const auto& [name, own] : turns_of(turns_of, *this)) {
    if (!seen.insert(own).second) continue;
    DrawTurn turn{std::nullopt, own->standard, own->shape, own->fans};
    const auto found = index.find(own->place->get());
    if (*own->place == own->born.lock() && found != index.end()) {
      turn.index = found->second;
      index.erase(found);
    }
    all.push_back(std::move(turn));
  }
  // One whose own layer is not in the model still gets its values: last.
  const auto parameters = named_parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& one = *parameters[i].parameter;
    if (index.contains(&one)) all.push_back({i, one.standard(), one.value.shape(), one.fans});
  }
  return all;
}

void Module::draw_in_order(std::vector<std::string> names) {
  std::vector<std::string> known;
  for (const auto& one : named_modules()) known.push_back(one.name);
  for (const auto& one : named_parameters()) known.push_back(one.name);
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name->empty() || std::find(known.begin(), known.end(), *name) == known.end())
      fail("{}: draw_in_order names {}, which is no parameter or layer below it{}", kind(), quoted(*name),
           suggest(*name, known));
    if (std::find(names.begin(), name, *name) != name)
      fail("{}: draw_in_order names '{}' twice", kind(), *name);
  }
  drawn_first_ = std::move(names);
}

std::vector<std::pair<std::string, Tensor>> Module::named_buffers() {
  std::vector<std::pair<std::string, Tensor>> all;
  walk_once(*this, [&](const std::string& name, Module& module) {
    for (auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::vector<Module::NamedModule> Module::named_modules() {
  std::vector<NamedModule> all;
  walk_once(*this, [&](const std::string& name, Module& module) { all.push_back({name, &module}); });
  return all;
}

std::vector<std::pair<std::string, Tensor>> Module::state_dict() {
  std::vector<std::pair<std::string, Tensor>> all;
  walk(*this, "", [&](const std::string& name, Module& module) {
    for (auto& one : module.parameters_) {
      if (*one.place) all.emplace_back(join(name, one.name), (*one.place)->value);
    }
    for (auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::shared_ptr<Parameter> Module::parameter(const std::string& name) {
  std::vector<std::string> known;
  for (auto& one : all_names()) {
    if (one.name == name) return one.parameter;
    known.push_back(one.name);
  }
  fail_usage("no parameter is named '{}'{}", name, suggest(name, known));
}

bool Module::has_matrix() const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [](const auto& one) { return *one.place && (*one.place)->value.rank() >= 2; });
}

Index Module::parameter_count() {
  Index count = 0;
  for (auto& one : named_parameters()) count += one.parameter->value.numel();
  return count;
}

std::vector<std::pair<std::string, Generator*>> Module::named_generators() {
  std::vector<std::pair<std::string, Generator*>> all;
  walk_once(*this, [&](const std::string& name, Module& module) {
    if (Generator* generator = module.own_generator()) all.emplace_back(name, generator);
  });
  return all;
}

ParameterRef Module::add_parameter(const char* name, const Shape& shape, Initializer standard, Fans fans,
                                   std::optional<Initializer> chosen) {
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
  buffers_.push_back({std::move(name), value});
  return value;
}

void Module::add_child(std::string name, ModulePtr child) {
  for (const auto& [taken, other] : children_) {
    if (taken == name) fail("{}: two layers are named '{}'", kind(), name);
  }
  if (name.empty() || name.find('.') != std::string::npos)
    fail("{}: '{}' is not a layer name (empty or with a dot)", kind(), name);
  if (child == nullptr) fail("{}: the layer '{}' is null; give one that was made", kind(), name);
  walk(*child, name, [this](const std::string& full_name, Module& module) {
    if (&module == this)
      fail("{}: the layer '{}' is this layer itself, and nothing can be below itself", kind(), full_name);
  });
  for (const auto& one : child->named_parameters())
    if (!one.parameter->value.has_values())
      one.parameter->value.unset(fmt::format("parameter '{}'", join(name, one.name)));
  children_.emplace_back(std::move(name), std::move(child));
}

}  // namespace fanin::nn
