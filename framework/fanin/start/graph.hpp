#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/autograd/op_observer.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::start {

/// What computed a tensor of a `Graph`: its op, or none for one that came from elsewhere (the model's input, a
/// parameter, a constant).
using Producer = std::optional<std::size_t>;

/// An op of a graph: as it ran, and what it is tied to.
struct GraphOp {
  RanOp ran;                   ///< name, options, tensors
  std::vector<Producer> from;  ///< the op that gave each input
  std::vector<std::size_t>
      consumers;                 ///< ops that take the output, each once, in the order in which they ran
  std::string weight = {};       ///< full name of the weight that it multiplies by, or whose rows it looks up
  std::size_t weight_input = 1;  ///< which of the inputs that is, or a view of it: transposed, a part
  /// Whether it gives an output for each column of the weight and not for each row: transposed convolutions, x W, tables
  /// of embeddings, and views that are transposed.
  bool by_columns = false;

  bool has_weight() const { return !weight.empty(); }  ///< whether a layer's weight multiplies its input
  /// What the op multiplies by, of one with a weight.
  const Tensor& multiplier() const { return ran.inputs[weight_input]; }
  /// Its own, or the activation's as a model's option spells it: "conv2d", "relu", "leaky_relu(0.2)".
  std::string kind() const;
  bool is_activation() const;     ///< a pointwise nonlinearity of ops/activation
  bool is_normalization() const;  ///< batch_norm, layer_norm or group_norm
  /// Whether it hands each number on as it is, or a mean or maximum of some: pools, dropout, what moves elements.
  bool passes_on() const;
};

/// The ops of one forward pass, in the order in which they ran: each after those it depends on. The last one gives the
/// model's output.
struct Graph {
  std::vector<GraphOp> ops;  ///< all that ran
  Tensor input;              ///< which the model was given

  /// The ops by which the signal of op `i` goes on until a weight, a fork or the end: "add→relu→max_pool2d"; empty
  /// where there are none.
  std::string path_behind(std::size_t i) const;
};

/// The graph of the model on `input`, in the mode in which it is; gradients are not recorded. Batch statistics and
/// streams move as in any pass: `KeepState` puts them back.
Graph traced(nn::Module& model, const Tensor& input);

/// The mean of the squares; 0 for no elements.
double second_moment(const Tensor& values);

}  // namespace fanin::start
