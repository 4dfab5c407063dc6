// Linear maps by weights that were drawn: independent, of mean 0, so that squares add up and nothing else. What others
// make of a signal, identities or constants, is measured.
#include <algorithm>
#include <cmath>

#include <fanin/core/moments.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {
namespace {

/// By how many places of the input neighbours of the output are apart.
double stride_of(const Shape& input, const Shape& output) {
  if (input.rank() != 4 || output.rank() != 4) return 1;
  return std::max(1.0, std::round(static_cast<double>(input[3]) / static_cast<double>(output[3])));
}

/// Whether the values may be independent draws with mean 0: not if their sum is so far from 0 as it is by chance once in
/// 16,000 draws, nor if each row passes one element on.
bool as_drawn(const Tensor& weight) {
  const auto values = weight.values();
  const auto row = static_cast<std::size_t>(weight.numel() / weight.size(0));
  double sum = 0, squares = 0;
  std::size_t fullest = 0;
  for (std::size_t at = 0; at < values.size(); at += row) {
    std::size_t filled = 0;
    for (const real x : values.subspan(at, row)) {
      const auto value = static_cast<double>(x);
      sum += value;
      squares += value * value;
      filled += value != 0;
    }
    fullest = std::max(fullest, filled);
  }
  return std::abs(sum) <= 4 * std::sqrt(squares) && (row == 1 || fullest != 1);
}

/// Whether the op's input is the graph's, in whatever shape.
bool reads_input(const Graph& graph, std::size_t op) {
  Producer from = graph.ops[op].from[1 - graph.ops[op].weight_input];
  while (from && graph.ops[*from].ran.name == std::string_view("reshape")) from = graph.ops[*from].from[0];
  return !from;
}

/// Whether an earlier op multiplies by the same weight, the one by it and the other by its transpose: what comes of that
/// one is correlated with this one's weight (autoencoders with tied weights).
bool turned_before(const Graph& graph, std::size_t op) {
  for (std::size_t i = 0; i < op; ++i)
    if (graph.ops[i].weight == graph.ops[op].weight && graph.ops[i].by_columns != graph.ops[op].by_columns)
      return true;
  return false;
}

}  // namespace

Signal weight_rule(const Propagation& signals, std::size_t op) {
  const GraphOp& one = signals.graph().ops[op];
  const RanOp& ran = one.ran;
  const bool product = ran.name == std::string_view("matmul");
  if ((product && !one.has_weight()) || (one.has_weight() && turned_before(signals.graph(), op)))
    return measured_rule(signals, op);
  const Signal x = signals.input(op, 1 - one.weight_input);
  // Of the model's input, where its elements are independent and of mean 0, squares add up whatever the weights are.
  const bool white = reads_input(signals.graph(), op) && x.far == 0 && x.across == 0;
  if (!white && !as_drawn(one.multiplier())) return measured_rule(signals, op);
  const Tensor bias = product ? Tensor() : ran.inputs[2];
  const Moments shift = bias.defined() ? moments(bias.values()) : Moments{};
  Signal y;
  std::vector<Tensor> squares{x.second, signals.weight_squares(op), Tensor()};
  if (one.weight_input == 0) std::swap(squares[0], squares[1]);
  if (product) squares.pop_back();
  y.second = ran.again(squares);
  const double spread = shift.std * shift.std, added = shift.mean * shift.mean + spread;
  const double moved = moments(y.second.values()).mean;
  for (real& s : y.second.values()) s += static_cast<real>(added);
  y.mean = Tensor::full(y.second.shape(), static_cast<real>(shift.mean));
  // Two places have the same weights and biases: their products' means are as those of the inputs.
  const double mean = x.mean_average(), second = x.second_average();
  const auto together = [&](double r) {
    const double alike = second > 0 ? (mean * mean + (second - mean * mean) * r) / second : 0;
    const double all = moved + spread;
    return all > 0 ? (moved * alike + spread) / all : 0;
  };
  y.near = together(correlation_at(x, stride_of(x.second.shape(), y.second.shape())));
  y.far = together(x.far);
  y.across = together(x.across);
  return y;
}

}  // namespace fanin::start
