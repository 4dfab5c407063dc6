#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/module_walk.inl>
#include <fanin/nn/observer.hpp>

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

/// Evaluation mode on this thread.
struct Predicting {
  NoGrad no_grad;
  Predicting() { ++predicting; }
  ~Predicting() { --predicting; }
  Predicting(const Predicting&) = delete;
  Predicting& operator=(const Predicting&) = delete;
};

}  // namespace

Observer::Observer(Callback callback) : callback_(std::move(callback)), before_(observer) {
  if (!callback_) fail("an Observer needs a function to call, got an empty one");
  observer = this;
}
Observer::~Observer() { observer = before_; }
bool Observer::active() { return observer != nullptr || stop_at != nullptr; }

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

UntilOf<Module> Module::until(const std::string& name) { return {*this, *layer(name), name}; }
UntilOf<const Module> Module::until(const std::string& name) const { return {*this, *layer(name), name}; }

}  // namespace fanin::nn
