// How two tensors of a graph are correlated, element by element: followed backwards, the later op first.
#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fanin/core/moments.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {
namespace {

double deviation_of(const Signal& signal) { return std::sqrt(signal.variance_average()); }

}  // namespace

double Propagation::correlation(std::size_t a, std::size_t b) const { return follow(a, b).value; }

double Propagation::unsure(std::size_t i) const {
  const GraphOp& op = graph_.ops[i];
  if ((op.kind() != "add" && op.kind() != "sub") || !op.from[0] || !op.from[1]) return 0;
  if (follow(op.from[0], op.from[1]).known) return 0;
  const double second = signals_[i].second_average();
  if (!(second > 0)) return 0;
  return 2 * deviation_of(signals_[*op.from[0]]) * deviation_of(signals_[*op.from[1]]) / second;
}

Propagation::Followed Propagation::follow(Producer a, Producer b) const {
  if (!a || !b) return {a == b ? 1.0 : 0.0, !a && !b ? false : true};  // an input beside what comes from it
  if (*a == *b) return {1};
  if (*a < *b) std::swap(a, b);
  const auto key = std::pair(*a, *b);
  const auto known = followed_.find(key);
  if (known != followed_.end()) return known->second;
  const Followed found = graph_.ops[*a].has_weight() ? through_weights(*a, *b) : by_parts(*a, *b);
  return followed_.emplace(key, found).first->second;
}

Propagation::Followed Propagation::follow(const Root& a, Producer b) const {
  return follow(graph_.ops[a.op].from[a.input], b);
}

/// Weights are drawn apart from all that came before, unless something before has them too.
Propagation::Followed Propagation::through_weights(std::size_t later, std::size_t other) const {
  const GraphOp &a = graph_.ops[later], &b = graph_.ops[other];
  if (a.weight == b.weight) {  // W x beside W x′
    if (!a.multiplier().same_as(b.multiplier()) || a.ran.name != b.ran.name) return {0, false};
    const std::size_t taken = 1 - a.weight_input;
    const Signal x = input(later, taken), y = input(other, taken);
    const auto inner = follow(a.from[taken], b.from[taken]);
    const double squares = std::sqrt(x.second_average() * y.second_average());
    const double both = deviation_of(signals_[later]) * deviation_of(signals_[other]);
    if (!(squares > 0) || !(both > 0)) return {0};
    const double alike =
        (x.mean_average() * y.mean_average() + inner.value * deviation_of(x) * deviation_of(y)) / squares;
    const bool shifted = a.ran.inputs.size() > 2 && a.ran.inputs[2].defined();
    const double shift = shifted ? moments(a.ran.inputs[2].values()).std : 0, spread = shift * shift;
    const auto moved = [&](std::size_t op) {
      return std::sqrt(std::max(0.0, signals_[op].variance_average() - spread));
    };
    return {std::clamp((moved(later) * moved(other) * alike + spread) / both, -1.0, 1.0), inner.known};
  }
  if (b.has_weight()) return {0};
  for (std::size_t i = 0; i < other; ++i)
    if (graph_.ops[i].weight == a.weight) return by_parts(other, later);
  return {0};
}

/// Op `op`, which has no weight, by what it makes of its inputs, each beside `other`.
Propagation::Followed Propagation::by_parts(std::size_t op, std::size_t other) const {
  const GraphOp& one = graph_.ops[op];
  const double deviation = deviation_of(signals_[op]);
  if (!(deviation > 0)) return {0};
  if (roots_[op]) {
    const auto coefficients = [&](std::size_t i) {
      const Signal x = at(*roots_[i]);
      return hermite_coefficients(function(i), x.mean_average(), deviation_of(x));
    };
    const auto f = coefficients(op);
    if (!roots_[other]) {
      const auto inner = follow(*roots_[op], other);
      return {f[1] * inner.value / deviation, inner.known};
    }
    const Root &a = *roots_[op], &b = *roots_[other];
    const bool same = graph_.ops[a.op].ran.inputs[a.input].same_as(graph_.ops[b.op].ran.inputs[b.input]);
    const auto inner = same ? Followed{1} : follow(a, graph_.ops[b.op].from[b.input]);
    const double other_deviation = deviation_of(signals_[other]);
    if (!(other_deviation > 0)) return {0};
    return {std::clamp(covariance(f, coefficients(other), inner.value) / (deviation * other_deviation), -1.0,
                       1.0),
            inner.known};
  }
  const auto through = [&](std::size_t i, double factor) {
    const auto inner = follow(one.from[i], other);
    const double share = one.from[i] ? deviation_of(signals_[*one.from[i]]) / deviation : 0;
    return Followed{factor * share * inner.value, inner.known};
  };
  const std::string_view name = one.ran.name;
  if (name == "add" || name == "sub") {
    const auto left = through(0, 1), right = through(1, name == "sub" ? -1 : 1);
    return {std::clamp(left.value + right.value, -1.0, 1.0), left.known && right.known};
  }
  if (one.is_normalization() || name == "dropout") {
    // Scaled, or masked by what is independent: E of the product is that of the input with the scale's mean.
    const auto inner = follow(one.from[0], other);
    const double kept = name == "dropout" ? deviation_of(signals_[*one.from[0]]) / deviation : 1;
    return {kept * inner.value, inner.known};
  }
  if (name == "mul" && !one.from[1]) return through(0, input(op, 1).mean_average());
  return {0, false};
}

}  // namespace fanin::start
