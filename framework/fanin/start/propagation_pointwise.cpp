// Functions of one number at a time, of what is taken for normally distributed.
#include <algorithm>
#include <cmath>

#include <fanin/core/moments.hpp>
#include <fanin/start/propagation.hpp>
#include <fanin/start/propagation_pointwise.hpp>

namespace fanin::start {

Pointwise function_of(const GraphOp& op) {
  return [&op](const Tensor& x) {
    if (op.ran.inputs.size() == 1) return op.ran.again(std::vector<Tensor>{x});
    const auto slope = moments(op.ran.inputs[1].values()).mean;  // of prelu, one for all
    return op.ran.again(std::vector<Tensor>{x, Tensor::full({1}, static_cast<real>(slope))});
  };
}

Signal pointwise_rule(const Propagation& signals, std::size_t op) {
  const Pointwise f = signals.function(op);
  const Signal x = signals.at(*signals.root(op));
  Signal y{x.mean.clone(), x.variance()};
  by_element(y.mean, y.second, [&](double mean, double deviation) { return moments_of(f, mean, deviation); });
  const double deviation = std::sqrt(x.variance_average());
  const auto coefficients = hermite_coefficients(f, x.mean_average(), deviation);
  const MomentPair at_average = moments_of(f, x.mean_average(), deviation);
  const double second = at_average.second, all = second - at_average.mean * at_average.mean;
  const auto together = [&](double r) {
    return all > 1e-12 * second ? std::clamp(covariance(coefficients, coefficients, r) / all, 0.0, 1.0) : 1.0;
  };
  y.near = together(x.near);
  y.far = together(x.far);
  y.across = together(x.across);
  return y;
}

Signal dropout_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  Signal y = signals.input(op, 0);
  const Tensor mask = ran.again(std::vector<Tensor>{Tensor::ones(ran.output.shape())});
  const auto kept = mask.values();
  const double factor = static_cast<double>(*std::max_element(kept.begin(), kept.end()));  // 1/(1 - p)
  const double before = y.variance_average();
  y.second = y.second.clone();
  for (real& s : y.second.values()) s *= static_cast<real>(factor);
  const double after = y.variance_average(), share = after > 0 ? before / after : 0;
  y.near *= share;
  y.far *= share;
  y.across *= share;
  return y;
}

}  // namespace fanin::start
