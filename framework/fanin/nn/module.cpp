#include <algorithm>
#include <cstdlib>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/type_name.hpp>
#include <fanin/nn/declaration_limit.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::nn {
namespace {

thread_local Observer* observer = nullptr;
thread_local int predicting = 0;               // calls of `predict` under way
thread_local const Module* running = nullptr;  // the innermost layer whose forward pass is under way
thread_local const Module* stop_at = nullptr;  // the layer that a model is to run up to

/// A layer's forward pass, while it lives; null: none, for what is called from within one.
struct Running {
  const Module* before;
  explicit Running(const Module* layer) : before(std::exchange(running, layer)) {}
  ~Running() { running = before; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

/// Thrown by the layer that a model was to run up to.
struct Reached {
  std::vector<Tensor> outputs;
};

void say_whose(nn::Parameter& parameter, const std::string& name) {
  if (!parameter.value.has_values()) parameter.value.unset(fmt::format("parameter '{}'", name));
}

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
  for (const auto& [child_name, child] : module.children())
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
bool Observer::active() { return observer != nullptr || stop_at != nullptr; }

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

Module::Module(Module&& other) noexcept
    : parameters_(std::move(other.parameters_)),
      buffers_(std::move(other.buffers_)),
      children_(std::move(other.children_)),
      places_(std::move(other.places_)),
      listed_count_(std::exchange(other.listed_count_, 0)),
      listed_(std::move(other.listed_)),
      drawn_first_(std::move(other.drawn_first_)),
      training_(other.training_),
      moved_from_(std::exchange(other.moved_from_, true)),
      stream_chosen_(other.stream_chosen_) {}

Module& Module::operator=(Module&& other) noexcept {
  if (this == &other) return *this;
  parameters_ = std::move(other.parameters_);
  buffers_ = std::move(other.buffers_);
  children_ = std::move(other.children_);
  places_ = std::move(other.places_);
  listed_count_ = std::exchange(other.listed_count_, 0);
  listed_ = std::move(other.listed_);
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

/// What `run` gives, as this layer's forward pass on this thread.
template <class Run>
auto Module::run(const Run& run) {
  if (running != nullptr && !parameters_.empty()) running->require_below(*this);
  try {
    const Running scope(this);
    return run();
  } catch (const Error&) {
    rethrow_named();
  }
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

Tensor Module::operator()(const Tensor& x) {
  require_inputs({&x, 1});
  Tensor y = run([&] { return forward(x); });
  if (stop_at == this) throw Reached{{y}};
  if (observer != nullptr) {
    const Running none(nullptr);
    observer->callback_(*this, y);
  }
  return y;
}

std::vector<Tensor> Module::operator()(std::span<const Tensor> inputs) {
  require_inputs(inputs);
  std::vector<Tensor> outputs = run([&] { return forward_all(inputs); });
  if (stop_at == this) throw Reached{std::move(outputs)};
  if (observer != nullptr) {
    const Running none(nullptr);
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

std::vector<Tensor> Module::run_until(Module& model, const Module& layer, const std::string& name,
                                      std::span<const Tensor> inputs) {
  struct Stop {
    const Module* before;
    explicit Stop(const Module* at) : before(std::exchange(stop_at, at)) {}
    ~Stop() { stop_at = before; }
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;
  };
  std::vector<Tensor> outputs;
  try {
    const Stop stop(&layer);
    if (inputs.size() == 1)
      model(inputs[0]);
    else
      model(inputs);
    fail("{}: it does not come to its layer '{}' when it runs", model.kind(), name);
  } catch (Reached& reached) {
    outputs = std::move(reached.outputs);
  }
  if (outputs.size() != 1)
    fail("{}: its layer '{}' gives {} tensors, and until takes one", model.kind(), name, outputs.size());
  return outputs;
}

std::vector<Tensor> Module::predict_until(const Module& model, const Module& layer, const std::string& name,
                                          std::span<const Tensor> inputs) {
  const Predicting scope;
  return run_until(const_cast<Module&>(model), layer, name, inputs);
}

bool Module::training() const { return training_ && predicting == 0; }

std::string Module::describe() const { return kind() + "()"; }

void Module::train(bool on) {
  // Written only where it changes: a model in evaluation mode may be put there again by several threads at
  // once.
  walk(*this, "", [on](const std::string&, Module& module) {
    for (Module* one = &module; one; one = one->listed_.get())
      if (one->training_ != on) one->training_ = on;
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
    for (const auto& [name, child] : module.children())
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
  const auto& now = listed_->children();
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

ModulePtr Module::layer(const std::string& name) const {
  require_whole();
  const Module* at = this;
  ModulePtr found;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    const auto& children = at->children();
    const auto child =
        std::find_if(children.begin(), children.end(), [&](const auto& one) { return one.first == part; });
    if (child == children.end()) {
      std::vector<std::string> known;
      for (const auto& one : named_modules()) {
        if (!one.name.empty()) known.push_back(one.name);
      }
      const auto parameters = all_names();
      if (std::any_of(parameters.begin(), parameters.end(),
                      [&](const auto& one) { return one.name == name; }))
        fail_usage("'{}' is a parameter, not a layer; ask for it by parameter(\"{}\")", name, name);
      fail_usage("{}: no layer is named {}{}", kind(), in_quotes(name), suggest(name, known));
    }
    found = child->second;
    at = found.get();
    begin = end + 1;
  }
  return found;
}

void Module::refuse_type(const std::string& name, const std::type_info& wanted) const {
  fail("{} is {}, not of the type asked for, {}",
       name.empty() ? "the layer" : fmt::format("layer '{}'", name), describe(), type_name(wanted));
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

UntilOf<Module> Module::until(const std::string& name) { return {*this, *layer(name), name}; }
UntilOf<const Module> Module::until(const std::string& name) const { return {*this, *layer(name), name}; }

}  // namespace fanin::nn
