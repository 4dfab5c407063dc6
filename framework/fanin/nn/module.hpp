#pragma once
#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <fanin/core/tensor.hpp>
#include <fanin/nn/parameter.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::nn {

/// A tensor that belongs to a layer's state but is not trained (BatchNorm's running statistics).
struct BufferTensor {
  std::string name;  ///< within its layer: "running_mean"
  Tensor value;      ///< which the layer's own member shares
};

class Module;
using ModulePtr = std::shared_ptr<Module>;  ///< a layer may stand in several places
template <class Layer>
class Child;  // nn/child.hpp: a layer's hold on one below it
template <class AModule>
class UntilOf;  // nn/until.hpp: a model up to one of its layers

/// A layer or a network of layers. Its state dict uses PyTorch's names: "conv1.weight",
/// "layer1.0.bn1.running_mean".
class Module {
 public:
  Module() = default;  ///< in training mode, with nothing in it
  virtual ~Module() = default;
  /// @{
  /// A layer that was moved from is empty; using it is an Error.
  Module(Module&& other) noexcept;
  Module& operator=(Module&& other) noexcept;
  /// @}
  Module& operator=(const Module&) = delete;

  /// Runs the layer, and tells the observer of this thread, if one is set, what came out. Error for an
  /// undefined input, for parameters without values, and for a layer that takes or gives several tensors.
  Tensor operator()(const Tensor& x);
  /// The same of any number of tensors, for a layer that takes or gives several: `twins({left, right})[0]`,
  /// `heads({x})[1]`. A layer of one tensor takes a list of one, and gives one.
  std::vector<Tensor> operator()(std::span<const Tensor> inputs);
  /// The same, of a list in braces.
  std::vector<Tensor> operator()(std::initializer_list<Tensor> inputs) {
    return (*this)(std::span<const Tensor>(inputs.begin(), inputs.size()));
  }
  /// What the layer makes of x in evaluation mode, whichever it is in, with nothing recorded for gradients.
  /// It leaves the layer as it was, so several threads may ask one model at once. Error as for `operator()`.
  Tensor predict(const Tensor& x) const;
  /// The same of a layer that takes or gives several tensors.
  std::vector<Tensor> predict(std::span<const Tensor> inputs) const;

  // One layer of a model, by its full name: "fc1", "layer1.0.conv1". A name that is none is an Error (usage)
  // with the nearest ones.

  /// @{
  /// The layer of that name: `net["fc1"]`.
  Module& operator[](const std::string& name) { return *layer(name); }
  const Module& operator[](const std::string& name) const { return *layer(name); }
  /// @}
  /// @{
  /// The same as what it is: `net.at<nn::Linear>("fc1").weight`. Error for a layer of another type.
  template <class Layer>
  Layer& at(const std::string& name) {
    return as<Layer>(*layer(name), name);
  }
  template <class Layer>
  const Layer& at(const std::string& name) const {
    return as<const Layer>(*layer(name), name);
  }
  /// @}
  /// Puts `layer` in the place of the one of that name, in the mode of the layer around it. Nothing else
  /// moves: the others keep their values, and an optimizer made before goes on with the parameters that it
  /// was made for. Error for a null layer, for one that this model is itself or in, and for a place that its
  /// owner holds by itself (`add_child`), as it would go on with the old one.
  void set_child(const std::string& name, ModulePtr layer);
  /// The same with a layer by value, which it gives back: `net.replace("fc3", nn::Linear(84, 5))`.
  template <std::derived_from<Module> Layer>
  Layer& replace(const std::string& name, Layer layer) {
    const auto made = std::make_shared<Layer>(std::move(layer));
    set_child(name, made);
    return *made;
  }
  /// A model of its own with the same values, modes and streams, whose layers and parameters are shared where
  /// this one's are; gradients are not copied. Error for a layer of a class that does not say how it is
  /// copied (`copy`).
  ModulePtr clone() const;
  /// @{
  /// The model up to that layer: `net.until("relu2")(x)` is what the layer gives when the model runs on x,
  /// and nothing behind it runs. The model must outlive it.
  UntilOf<Module> until(const std::string& name);
  UntilOf<const Module> until(const std::string& name) const;
  /// @}

  virtual std::string kind() const = 0;  ///< "Linear"
  virtual std::string describe() const;  ///< "Linear(784, 256)"

  /// Training mode (dropout active, batch statistics) or evaluation mode, for this layer and all below it.
  void train(bool on = true);
  void eval() { train(false); }  ///< evaluation mode
  /// Whether this layer is in training mode, and not asked to `predict` on this thread.
  bool training() const;
  /// Gives every layer that draws while it runs (Dropout) its own stream, from `seed` and the layer's full
  /// name.
  void reseed(std::uint64_t seed);
  /// The same for those layers alone whose stream nobody has chosen yet: neither when they were made nor by
  /// one of these two.
  void seed_streams(std::uint64_t seed);
  /// Where the stream of a layer that draws stands, and whether somebody has chosen it: to be put back.
  struct Stream {
    Module* layer;        ///< that draws
    Generator generator;  ///< where it stands
    bool chosen;          ///< by a seed, `reseed` or `seed_streams`
  };
  std::vector<Stream> streams();  ///< of all layers below that draw
  /// Puts them back.
  static void set_streams(const std::vector<Stream>& streams);

  /// This layer's own, without its children's, as declared.
  std::vector<std::shared_ptr<Parameter>> own_parameters() const;
  std::vector<BufferTensor>& own_buffers() { return buffers_; }              ///< likewise
  const std::vector<BufferTensor>& own_buffers() const { return buffers_; }  ///< likewise
  /// The layers right below this one with their names, as added.
  const std::vector<std::pair<std::string, ModulePtr>>& children() const {
    if (listed_) list_again();
    return children_;
  }
  /// Whether this layer itself owns a weight of 2 or more dimensions, as a normalization does not.
  bool has_matrix() const;

  /// A parameter below this layer; that of a const model is const.
  template <class AModule, class AParameter>
  struct NamedParameterOf {
    std::string name;                       ///< full, from this layer on
    std::shared_ptr<AParameter> parameter;  ///< which its layer uses too
    AModule* owner;                         ///< the layer whose own it is
  };
  using NamedParameter = NamedParameterOf<Module, Parameter>;  ///< of a model that may change
  using ConstNamedParameter = NamedParameterOf<const Module, const Parameter>;  ///< of a const one
  /// A layer below this one; that of a const model is const.
  template <class AModule>
  struct NamedModuleOf {
    std::string name;  ///< full; empty for this module itself
    AModule* module;   ///< which lives as long as this one holds it
  };
  using NamedModule = NamedModuleOf<Module>;             ///< of a model that may change
  using ConstNamedModule = NamedModuleOf<const Module>;  ///< of a const one

  // A layer that stands in a model more than once, or a tied parameter, has several names. As in PyTorch it
  // is listed once, under the first, but in a state dict under each.

  /// @{
  /// All parameters, as declared: a layer's own before its children's.
  std::vector<NamedParameter> named_parameters();
  std::vector<ConstNamedParameter> named_parameters() const;
  /// @}
  /// @{
  /// The same under all their names.
  std::vector<NamedParameter> all_names();
  std::vector<ConstNamedParameter> all_names() const;
  /// @}
  /// Indices into `named_parameters()` in the order in which the parameters are drawn: as declared, where no
  /// layer has said otherwise by `draw_in_order`. A parameter that stands there twice is drawn once, at its
  /// first turn.
  std::vector<std::size_t> draw_order() const;
  /// A turn in that order, with those of parameters that gave way to another's.
  struct DrawTurn {
    /// In `named_parameters()`; none: nothing is drawn, the generator is moved on alone.
    std::optional<std::size_t> index;
    Initializer standard;  ///< of the layer's type
    Shape shape;           ///< of the parameter whose turn it is
    Fans fans;             ///< of its layer
  };
  std::vector<DrawTurn> draw_turns() const;  ///< all turns, in the order of `draw_order`
  /// Declares that the parameters below are drawn in another order than they are declared in, as those of
  /// PyTorch's MultiheadAttention, whose `out_proj` comes first: names of own parameters, of children (all
  /// below them) or dotted names further down. Those not named follow as declared. Error for a name that is
  /// none, or that stands there twice.
  void draw_in_order(std::vector<std::string> names);
  /// All buffers by full name, each layer once, sharing the model's elements.
  std::vector<std::pair<std::string, Tensor>> named_buffers() const;
  /// @{
  /// This module and all below it, parents first, each once under its first name.
  std::vector<NamedModule> named_modules();
  std::vector<ConstNamedModule> named_modules() const;
  /// @}
  /// Parameters and buffers by full name, sharing the model's elements.
  std::vector<std::pair<std::string, Tensor>> state_dict() const;
  /// @{
  /// The parameter of that full name, any of its names; Error (usage) with the nearest names when there is
  /// none.
  std::shared_ptr<Parameter> parameter(const std::string& name);
  std::shared_ptr<const Parameter> parameter(const std::string& name) const;
  /// @}
  Index parameter_count() const;  ///< elements of all parameters, tied ones counted once
  /// The generators that layers below draw from while running, by layer name: part of a checkpoint's state.
  std::vector<std::pair<std::string, Generator*>> named_generators();

 protected:
  // A layer overrides one of the two; shapes are its own. In evaluation mode neither may change the layer.

  /// What the layer computes of one defined input; Error in a layer that overrides the other.
  virtual Tensor forward(const Tensor& x);
  /// What the layer computes of several inputs, or to several outputs; of one to one by `forward`.
  virtual std::vector<Tensor> forward_all(std::span<const Tensor> inputs);
  /// What a layer that draws while it runs draws from; null for others.
  virtual Generator* own_generator() { return nullptr; }

  /// Declares a parameter that layers of this type are born with by `standard`, and this one by `chosen`
  /// where it is given. Whatever fills it, the generator moves as `standard` would move it: so give what
  /// PyTorch draws, even where the values are then set to something else. `name` must live as long as the
  /// layer: a literal.
  ParameterRef add_parameter(const char* name, const Shape& shape, Initializer standard, Fans fans,
                             std::optional<Initializer> chosen = std::nullopt);
  /// Adds a tensor to the layer's state, and gives it back: another handle on the same elements.
  Tensor add_buffer(std::string name, Tensor value);
  /// @{
  /// Declares a layer below this one, and gives the hold by which this one runs it:
  /// `nn::Child<nn::Linear> up = child("up", nn::Linear(8, 32));`, then `up(x)`. Error for a name in use,
  /// empty or with a dot, for a null layer, and for one that this layer is itself or in. A layer that runs
  /// another with parameters of its own that is not below it is refused when it does.
  template <std::derived_from<Module> Layer>
  Child<Layer> child(const char* name, Layer layer) {
    return child<Layer>(name, std::make_shared<Layer>(std::move(layer)));
  }
  template <std::derived_from<Module> Layer>
  Child<Layer> child(const std::string& name, std::shared_ptr<Layer> layer) {
    return Child<Layer>(place_child(name, std::move(layer)));
  }
  /// @}
  /// The same for a layer that this one holds by itself, as a ModulePtr: it can be neither replaced nor, by
  /// `copied`, cloned.
  void add_child(std::string name, ModulePtr child);
  /// For a layer without children yet that runs `inner`, which has no name in it: what stands below `inner` stands
  /// below this layer, under the same names, now and after either has had a layer replaced or added.
  void list_children_of(ModulePtr inner);

  // How a layer is cloned.

  /// A copy of this layer for `clone`; a class of one's own that only has members as `Child`, `ParameterRef`
  /// and numbers says `nn::ModulePtr copy() const override { return copied(*this); }`.
  virtual ModulePtr copy() const;
  /// What the copy constructor makes of a layer. Error for one that holds a child by itself, or a handle on a
  /// buffer, which a copy constructor of its own would have to look after (`copy_of`).
  template <std::derived_from<Module> Layer>
  static ModulePtr copied(const Layer& layer) {
    const std::vector<long> held = layer.require_copyable();
    auto copy = std::make_shared<Layer>(layer);
    layer.require_apart(held);
    return copy;
  }
  /// For a copy constructor: that of another layer in the clone under way.
  static ModulePtr copy_of(const ModulePtr& layer);
  /// For `copy` alone: a layer is not copied by the way, and the Error says so.
  Module(const Module& other);
  /// For the constructor of a layer that draws and was given a seed.
  void keep_stream() { stream_chosen_ = true; }

 private:
  template <class AModule, class Visit>
  static void walk(AModule& module, const std::string& name, const Visit& visit);
  template <class AModule, class Visit>
  static void walk_once(AModule& module, const Visit& visit);
  template <class AModule>
  static auto names_of(AModule& module);
  template <class AModule>
  static auto modules_of(AModule& module);
  template <class AModule>
  static auto find(AModule& module, const std::string& name);
  void require_whole() const;
  void require_inputs(std::span<const Tensor> inputs) const;
  [[noreturn]] void rethrow_named() const;
  ModulePtr layer(const std::string& name) const;
  template <class Layer, class AModule>
  static Layer& as(AModule& module, const std::string& name) {
    auto* found = dynamic_cast<Layer*>(&module);
    if (!found) module.refuse_type(name, typeid(Layer));
    return *found;
  }
  [[noreturn]] void refuse_type(const std::string& name, const std::type_info& wanted) const;
  void list_again() const;
  std::shared_ptr<ModulePtr> place_child(const std::string& name, ModulePtr child);
  void check_child(const std::string& name, const ModulePtr& child);
  void require_below(const Module& layer) const;
  std::vector<long> require_copyable() const;
  void require_apart(const std::vector<long>& held) const;
  template <class Run>
  auto run(const Run& run);
  friend class ParameterRef;
  template <class AModule>
  friend class UntilOf;
  template <class Layer>
  friend class Child;
  static std::vector<Tensor> run_until(Module& model, const Module& layer, const std::string& name,
                                       std::span<const Tensor> inputs);
  static std::vector<Tensor> predict_until(const Module& model, const Module& layer, const std::string& name,
                                           std::span<const Tensor> inputs);
  static std::shared_ptr<ModulePtr> copy_of_place(const std::shared_ptr<ModulePtr>& place);
  [[noreturn]] static void refuse_child();
  struct Copies;

  struct OwnParameter {
    std::string name;
    std::shared_ptr<std::shared_ptr<Parameter>> place;
    // What it held at first: its turn to draw stays when another's is tied in its place.
    std::weak_ptr<Parameter> born;
    Initializer standard;
    Shape shape;
    Fans fans;
  };
  std::vector<OwnParameter> parameters_;
  std::vector<BufferTensor> buffers_;
  // First those of `listed_`, where there is one, as they were when they were last asked for.
  mutable std::vector<std::pair<std::string, ModulePtr>> children_;
  // Of the children, which Child shares; null: held otherwise.
  mutable std::vector<std::shared_ptr<ModulePtr>> places_;
  mutable std::size_t listed_count_ = 0;
  ModulePtr listed_;
  std::vector<std::string> drawn_first_;  // by draw_in_order
  bool training_ = true, moved_from_ = false, stream_chosen_ = false;
};

}  // namespace fanin::nn

#include <fanin/nn/child.hpp>
#include <fanin/nn/until.hpp>
