#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/nn/declaration_limit.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::nn {
namespace {

thread_local Observer* observer = nullptr;
thread_local int predicting = 0;  // calls of `predict` under way

std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// No parameter twice: each under the first of its names.
template <class Named>
std::vector<Named> each_once(std::vector<Named> all) {
  std::unordered_set<const Parameter*> seen;
  std::erase_if(all, [&](const Named& one) { return !seen.insert(one.parameter.get()).second; });
  return all;
}

/// Evaluation mode on this thread.
struct Predicting {
  NoGrad no_grad;
  Predicting() { ++predicting; }
  ~Predicting() { --predicting; }
  Predicting(const Predicting&) = delete;
  Predicting& operator=(const Predicting&) = delete;
};

}  // namespace

/// Calls visit(full name, module) for `module` and all below it, parents first, under every name a module
/// has.
template <class AModule, class Visit>
void Module::walk(AModule& module, const std::string& name, const Visit& visit) {
  module.require_whole();
  visit(name, module);
  for (const auto& [child_name, child] : module.children_)
    walk<AModule>(*child, join(name, child_name), visit);
}

/// The same, but each module once, under its first name.
template <class AModule, class Visit>
void Module::walk_once(AModule& module, const Visit& visit) {
  std::unordered_set<const Module*> seen;
  walk(module, "", [&](const std::string& name, AModule& one) {
    if (seen.insert(&one).second) visit(name, one);
  });
}

template <class AModule>
auto Module::names_of(AModule& module) {
  constexpr bool constant = std::is_const_v<AModule>;
  std::vector<std::conditional_t<constant, ConstNamedParameter, NamedParameter>> all;
  walk(module, "", [&](const std::string& name, AModule& below) {
    for (auto& one : below.parameters_) {
      if (*one.place) all.push_back({join(name, one.name), *one.place, &below});
    }
  });
  return all;
}

template <class AModule>
auto Module::modules_of(AModule& module) {
  std::vector<NamedModuleOf<AModule>> all;
  walk_once(module, [&](const std::string& name, AModule& below) { all.push_back({name, &below}); });
  return all;
}

template <class AModule>
auto Module::find(AModule& module, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& one : module.all_names()) {
    if (one.name == name) return one.parameter;
    known.push_back(one.name);
  }
  fail_usage("no parameter is named '{}'{}", name, suggest(name, known));
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

void Module::require_inputs(std::span<const Tensor> inputs) const {
  require_whole();
  for (const Tensor& x : inputs) {
    if (!x.defined()) fail("{}: the input is undefined: a tensor with elements is needed", kind());
  }
}

/// The Error under way, or that of a parameter without values: a layer knows its parameter only as "weight",
/// the outermost module knows it by its full name.
void Module::rethrow_named() const {
  for (const auto& one : named_parameters()) {
    if (one.parameter->origin != Origin::declared) continue;
    Parameter named = *one.parameter;
    named.name = one.name;
    named.refuse_use();
  }
  throw;
}

Tensor Module::operator()(const Tensor& x) {
  require_inputs({&x, 1});
  Tensor y;
  try {
    y = forward(x);
  } catch (const Error&) {
    rethrow_named();
  }
  if (observer != nullptr) observer->callback_(*this, y);
  return y;
}

std::vector<Tensor> Module::operator()(std::span<const Tensor> inputs) {
  require_inputs(inputs);
  std::vector<Tensor> outputs;
  try {
    outputs = forward_all(inputs);
  } catch (const Error&) {
    rethrow_named();
  }
  if (observer != nullptr) {
    for (const Tensor& y : outputs) observer->callback_(*this, y);
  }
  return outputs;
}

Tensor Module::forward(const Tensor&) {
  fail("{}: takes or gives several tensors: call it with a list of them, as model({{x}})", kind());
}

std::vector<Tensor> Module::forward_all(std::span<const Tensor> inputs) {
  if (inputs.size() != 1) fail("{}: takes one tensor, got {}", kind(), inputs.size());
  return {forward(inputs[0])};
}

// A layer that trains gathers statistics and draws, so its forward pass is not const; in evaluation mode it
// changes nothing.
Tensor Module::predict(const Tensor& x) const {
  const Predicting scope;
  return const_cast<Module&>(*this)(x);
}
std::vector<Tensor> Module::predict(std::span<const Tensor> inputs) const {
  const Predicting scope;
  return const_cast<Module&>(*this)(inputs);
}

bool Module::training() const { return training_ && predicting == 0; }

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

std::vector<Module::NamedParameter> Module::all_names() { return names_of(*this); }
std::vector<Module::ConstNamedParameter> Module::all_names() const { return names_of(*this); }

std::vector<Module::NamedParameter> Module::named_parameters() { return each_once(all_names()); }
std::vector<Module::ConstNamedParameter> Module::named_parameters() const { return each_once(all_names()); }

std::vector<std::size_t> Module::draw_order() const {
  std::vector<std::size_t> order;
  for (const DrawTurn& turn : draw_turns()) {
    if (turn.index) order.push_back(*turn.index);
  }
  return order;
}

std::vector<Module::DrawTurn> Module::draw_turns() const {
  using Turn = std::pair<std::string, const OwnParameter*>;  // its name below the layer at hand
  const auto turns_of = [](const auto& self, const Module& module) -> std::vector<Turn> {
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
      fail("{}: draw_in_order names {}, which is no parameter or layer below it{}", kind(), in_quotes(*name),
           suggest(*name, known));
    if (std::find(names.begin(), name, *name) != name)
      fail("{}: draw_in_order names '{}' twice", kind(), *name);
  }
  drawn_first_ = std::move(names);
}

std::vector<std::pair<std::string, Tensor>> Module::named_buffers() const {
  std::vector<std::pair<std::string, Tensor>> all;
  walk_once(*this, [&](const std::string& name, const Module& module) {
    for (const auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::vector<Module::NamedModule> Module::named_modules() { return modules_of(*this); }
std::vector<Module::ConstNamedModule> Module::named_modules() const { return modules_of(*this); }

std::vector<std::pair<std::string, Tensor>> Module::state_dict() const {
  std::vector<std::pair<std::string, Tensor>> all;
  walk(*this, "", [&](const std::string& name, const Module& module) {
    for (const auto& one : module.parameters_) {
      if (*one.place) all.emplace_back(join(name, one.name), (*one.place)->value);
    }
    for (const auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::shared_ptr<Parameter> Module::parameter(const std::string& name) { return find(*this, name); }
std::shared_ptr<const Parameter> Module::parameter(const std::string& name) const {
  return find(*this, name);
}

bool Module::has_matrix() const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [](const auto& one) { return *one.place && (*one.place)->value.rank() >= 2; });
}

Index Module::parameter_count() const {
  Index count = 0;
  for (const auto& one : named_parameters()) count += one.parameter->value.numel();
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
