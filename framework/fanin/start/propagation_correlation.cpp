// How two tensors of a graph are correlated, element by element: followed backwards, the later op first.
#include <algorithm>
#include <cmath>

#include <fanin/start/propagation.hpp>
#include <fanin/start/propagation_pointwise.hpp>

namespace fanin::start {
namespace {

double deviation_of(const Signal& signal) { return std::sqrt(signal.variance_average()); }

std::vector<double> coefficients_of(const GraphOp& op, const Signal& x) {
  return hermite_coefficients(function_of(op), x.mean_average(), deviation_of(x));
}

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
  const GraphOp& later = graph_.ops[*a];
  if (later.has_weight()) return {0};  // its weights are drawn apart from all that came before
  const double deviation = deviation_of(signals_[*a]);
  if (!(deviation > 0)) return {0};
  const auto through = [&](std::size_t i, double factor) {
    const auto inner = follow(later.from[i], b);
    const double share = later.from[i] ? deviation_of(signals_[*later.from[i]]) / deviation : 0;
    return Followed{factor * share * inner.value, inner.known};
  };
  const std::string_view name = later.ran.name;
  if (name == "add" || name == "sub") {
    const auto left = through(0, 1), right = through(1, name == "sub" ? -1 : 1);
    return {std::clamp(left.value + right.value, -1.0, 1.0), left.known && right.known};
  }
  if (later.is_normalization() || name == "dropout") {
    // Scaled, or masked by what is independent: E of the product is that of the input with the scale's mean.
    const auto inner = follow(later.from[0], b);
    const double kept = name == "dropout" ? deviation_of(signals_[*later.from[0]]) / deviation : 1;
    return {kept * inner.value, inner.known};
  }
  if (name == "mul" && !later.from[1]) return through(0, input(*a, 1).mean_average());
  const auto rule = propagation_rules().find(name);
  if (rule != propagation_rules().end() && rule->second == pointwise_rule && later.from[0]) {
    const Signal x = input(*a, 0);
    const auto f = coefficients_of(later, x);
    const GraphOp& other = graph_.ops[*b];
    const auto other_rule = propagation_rules().find(other.ran.name);
    const bool both = other_rule != propagation_rules().end() && other_rule->second == pointwise_rule &&
                      other.from[0] && *later.from[0] != *b;
    if (both) {
      const auto inner = follow(later.from[0], other.from[0]);
      const auto g = coefficients_of(other, input(*b, 0));
      const double other_deviation = deviation_of(signals_[*b]);
      if (!(other_deviation > 0)) return {0};
      return {std::clamp(covariance(f, g, inner.value) / (deviation * other_deviation), -1.0, 1.0),
              inner.known};
    }
    const auto inner = follow(later.from[0], b);
    return {f[1] * inner.value / deviation, inner.known};
  }
  return {0, false};
}

}  // namespace fanin::start
