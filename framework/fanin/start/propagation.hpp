#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanin/start/graph.hpp>
#include <fanin/start/normal_moments.hpp>

namespace fanin::start {

/// What is known of a tensor of a graph before any data: the moments of its elements, over draws of the weights and
/// over inputs, in the limit of great width, where what a layer gives is normally distributed.
struct Signal {
  Tensor mean;    ///< of each element, of the tensor's shape
  Tensor second;  ///< E of each element's square
  // Correlations within a channel, on average over the tensor.
  double near = 0;    ///< of neighbouring places of one sample
  double far = 0;     ///< of two places of one sample, anywhere
  double across = 0;  ///< of two samples
  /// No rule speaks of the op, or of one that it depends on, or the weights are none that were drawn independently with
  /// mean 0: the moments are those of the graph's own pass.
  bool measured = false;

  Tensor variance() const;          ///< second - mean², no less than 0
  double mean_average() const;      ///< over the elements
  double second_average() const;    ///< over the elements
  double variance_average() const;  ///< over the elements
};

/// Of an input of mean 0 and second moment 1 whose elements are independent.
Signal white_noise(const Shape& shape);
/// As a batch [N, …] shows it, for `count` samples: moments by place and channel, and the three correlations.
Signal signal_of(const Tensor& batch, Index count);

/// A tensor, by where it is read: input `input` of op `op`.
struct Root {
  std::size_t op = 0;     ///< index in the graph
  std::size_t input = 0;  ///< which of its inputs
};
/// For each op of the graph, the one tensor of which its output is a function, element by element: through activations,
/// and through sums, products and quotients with single numbers or with other functions of the same tensor. Each step by
/// itself would take for normal what is none: relu(relu(x)), x·sigmoid(x), exp(-x·x).
std::vector<std::optional<Root>> roots_of(const Graph& graph);

/// The signals of a graph's tensors, from that of its input on: each op's by a rule of its name (`propagation_rules`).
class Propagation {
 public:
  /// Of all ops. The signal of the input is of the shape of `graph.input`, which must outlive this.
  Propagation(const Graph& graph, Signal input);

  /// Computes the signals of ops [from, to) again.
  void run(std::size_t from, std::size_t to);
  /// From here on the squares of that weight count `factor`² times.
  void scale(const std::string& weight, double factor) { factors_[weight] = factor; }
  double factor(std::size_t op) const;  ///< that of the op's weight; 1 if none was given

  const Signal& of(std::size_t op) const { return signals_[op]; }  ///< of its output
  /// Of an input of op `op`; of a parameter or a constant, its values.
  Signal input(std::size_t op, std::size_t i) const;
  /// Of which tensor the output of op `op` is a function, element by element; none of what is no such function.
  const std::optional<Root>& root(std::size_t op) const { return roots_[op]; }
  /// The signal of that tensor.
  Signal at(const Root& root) const { return input(root.op, root.input); }
  /// That function, through all the ops between; the op must have a root, and this must outlive it.
  Pointwise function(std::size_t op) const;
  /// E of the square of each element of what the op multiplies by, averaged over channels, tap by tap.
  Tensor weight_squares(std::size_t op) const;
  const Graph& graph() const { return graph_; }  ///< whose signals these are
  /// The correlation of two ops' outputs, element by element: 0 for what independent weights made, exact for sums and
  /// for functions of what is normally distributed. Where it cannot be followed, through a maximum, say, it is taken
  /// for 0, and the addition's moment is uncertain by what `unsure` says.
  double correlation(std::size_t a, std::size_t b) const;
  /// The largest share of the second moment of op `i`, an addition, that the correlation of its inputs may add or take
  /// where `correlation` could not be followed; 0 elsewhere.
  double unsure(std::size_t i) const;

 private:
  struct Followed {
    double value = 0;
    bool known = true;
  };
  Followed follow(Producer a, Producer b) const;
  Followed follow(const Root& a, Producer b) const;
  Followed by_parts(std::size_t op, std::size_t other) const;
  Followed through_weights(std::size_t later, std::size_t other) const;

  const Graph& graph_;
  Signal input_;
  std::vector<Signal> signals_;
  std::vector<std::optional<Root>> roots_;
  std::map<std::string, double> factors_;
  mutable std::map<std::pair<std::size_t, std::size_t>, Followed> followed_;  // since `run` began
};

/// What an op makes of its inputs' signals.
using PropagationRule = Signal (*)(const Propagation& signals, std::size_t op);
/// By the name that ops record; none: the op is measured.
const std::map<std::string_view, PropagationRule>& propagation_rules();

/// The correlation at `lag` places of a signal whose neighbours have correlation `near`, and distant places `far`.
double correlation_at(const Signal& signal, double lag);

/// @{
/// The families' rules, each in the file of its name.
Signal weight_rule(const Propagation& signals, std::size_t op);  // propagation_layers.cpp
Signal pointwise_rule(const Propagation& signals, std::size_t op);
Signal dropout_rule(const Propagation& signals, std::size_t op);  // …_pointwise.cpp
Signal sum_rule(const Propagation& signals, std::size_t op);      // …_combine.cpp
Signal product_rule(const Propagation& signals, std::size_t op);
Signal quotient_rule(const Propagation& signals, std::size_t op);
Signal batch_norm_rule(const Propagation& signals, std::size_t op);  // …_norms.cpp
Signal row_norm_rule(const Propagation& signals, std::size_t op);
Signal max_pool_rule(const Propagation& signals, std::size_t op);  // …_pools.cpp
Signal average_rule(const Propagation& signals, std::size_t op);
Signal total_rule(const Propagation& signals, std::size_t op);
Signal moving_rule(const Propagation& signals, std::size_t op);  // …_moves.cpp
Signal concat_rule(const Propagation& signals, std::size_t op);
Signal measured_rule(const Propagation& signals, std::size_t op);  // propagation.cpp
/// @}

}  // namespace fanin::start
