// Linear maps by weights that were drawn: independent, of mean 0, so that squares add up and nothing else.
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

}  // namespace

Signal weight_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  const Signal x = signals.input(op, 0);
  const Tensor& bias = ran.inputs[2];
  const Moments shift = bias.defined() ? moments(bias.values()) : Moments{};
  Signal y;
  y.second = ran.again(std::vector<Tensor>{x.second, signals.weight_squares(op), Tensor()});
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
