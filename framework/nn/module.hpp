#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/core/generator.hpp"
#include "framework/core/tensor.hpp"
#include "framework/init/init.hpp"
#include "framework/kernels/activation.hpp"

namespace fanin::nn {

using init::Fan;
using init::Fans;
using init::Initializer;
using kernels::Activation;

/// Where a parameter's values came from. A parameter gets values exactly once: by a draw, or by a load.
enum class Origin { declared, drawn, loaded };

/// A trainable tensor together with the scheme that its layer chose for it.
struct Parameter {
  std::string name;  ///< within its layer: "weight", "bias"
  Tensor value;
  Initializer init;
  Fans fans;  ///< the layer's true fan-in and fan-out, for weight and bias alike
  Origin origin = Origin::declared;
  std::string drawn_by{};  ///< text of the scheme that drew it; empty while declared or loaded

  /// The values, for use in a forward pass; Error while they are neither drawn nor loaded.
  const Tensor& use() const {
    if (origin == Origin::declared) refuse_use();
    return value;
  }
  [[noreturn]] void refuse_use() const;
};

/// A tensor that belongs to a layer's state but is not trained (BatchNorm's running statistics).
struct BufferTensor {
  std::string name;
  Tensor value;
};

class Module;
using ModulePtr = std::shared_ptr<Module>;

/// A layer or a network of layers. Its state dict uses PyTorch's names: "conv1.weight", "layer1.0.bn1.running_mean".
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Runs the layer, and tells the observer of this thread, if one is set, what came out.
  Tensor operator()(const Tensor& x);
  /// As `operator()`, with `activation` applied to the output; layers that can do both in one pass override `run_fused`.
  Tensor fused(const Tensor& x, Activation activation);
  /// As `operator()`, with ReLU and a max pool by 2 applied to the output, of a layer that `can_fuse_pool`.
  Tensor fused_pool(const Tensor& x) { return run_fused_pool(x); }

  virtual std::string kind() const = 0;         ///< "Linear"
  virtual std::string describe() const;         ///< "Linear(784, 256)"
  /// The activation this layer is, where it is a plain one: `Sequential` fuses it into the layer before it.
  virtual std::optional<Activation> as_activation() const { return std::nullopt; }
  virtual bool can_fuse() const { return false; }
  /// Whether this is a max pool over 2×2 windows that tile the plane: `Sequential` fuses it, behind a ReLU, into a layer
  /// that `can_fuse_pool`.
  virtual bool is_max_pool_by_2() const { return false; }
  virtual bool can_fuse_pool() const { return false; }

  /// Training mode (dropout active, batch statistics) or evaluation mode, for this layer and all below it.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const { return training_; }
  /// Gives every layer that draws while it runs (Dropout) its own stream, from `seed` and the layer's full name.
  void reseed(std::uint64_t seed);

  std::vector<std::shared_ptr<Parameter>>& own_parameters() { return parameters_; }
  std::vector<BufferTensor>& own_buffers() { return buffers_; }
  const std::vector<std::pair<std::string, ModulePtr>>& children() const { return children_; }
  /// Whether this layer itself owns a weight of 2 or more dimensions, as a normalisation does not.
  bool has_matrix() const;

  struct NamedParameter {
    std::string name;
    std::shared_ptr<Parameter> parameter;
    Module* owner;
  };
  struct NamedModule {
    std::string name;  ///< empty for this module itself
    Module* module;
  };
  /// All parameters, in the order in which they are drawn: a layer's own before its children's.
  std::vector<NamedParameter> named_parameters();
  std::vector<std::pair<std::string, Tensor>> named_buffers();
  std::vector<NamedModule> named_modules();
  /// Parameters and buffers by full name, sharing the model's elements.
  std::vector<std::pair<std::string, Tensor>> state_dict();
  /// The parameter of that full name; Error with the nearest names when there is none.
  std::shared_ptr<Parameter> parameter(const std::string& name);
  Index parameter_count();
  /// The generators that layers below draw from while running, by layer name: part of a checkpoint's state.
  std::vector<std::pair<std::string, Generator*>> named_generators();

 protected:
  virtual Tensor forward(const Tensor& x) = 0;
  virtual Tensor run_fused(const Tensor& x, Activation activation);
  virtual Tensor run_fused_pool(const Tensor& x);
  virtual Generator* own_generator() { return nullptr; }

  std::shared_ptr<Parameter> add_parameter(std::string name, const Shape& shape, Initializer init, Fans fans);
  Tensor add_buffer(std::string name, Tensor value);
  void add_child(std::string name, ModulePtr child);

 private:
  std::vector<std::shared_ptr<Parameter>> parameters_;
  std::vector<BufferTensor> buffers_;
  std::vector<std::pair<std::string, ModulePtr>> children_;
  bool training_ = true;
};

/// While one lives, `callback(layer, output)` is called after every layer run on this thread, and no layers are fused,
/// so that each output is seen as it is.
class Observer {
 public:
  using Callback = std::function<void(Module&, const Tensor&)>;
  explicit Observer(Callback callback);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  static bool active();

 private:
  friend class Module;
  Callback callback_;
  Observer* before_;
};

}  // namespace fanin::nn
