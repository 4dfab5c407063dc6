// Two signals in one: sums and products, which depend on how the two are correlated.
#include <algorithm>
#include <cmath>
#include <string_view>

#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/pointwise.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {
namespace {

double correlation_of_inputs(const Propagation& signals, std::size_t op) {
  const auto& from = signals.graph().ops[op].from;
  return from[0] && from[1] ? signals.correlation(*from[0], *from[1]) : 0;
}

/// Elementwise, with broadcasting.
Tensor covariances(const Signal& a, const Signal& b, double r) {
  return ops::sqrt(a.variance() * b.variance()) * r;
}

}  // namespace

Signal sum_rule(const Propagation& signals, std::size_t op) {
  const Signal a = signals.input(op, 0), b = signals.input(op, 1);
  const double sign = std::string_view(signals.graph().ops[op].ran.name) == "sub" ? -1 : 1;
  const double r = sign * correlation_of_inputs(signals, op);
  Signal y;
  y.mean = a.mean + b.mean * sign;
  const Tensor variance = ops::clamp(a.variance() + b.variance() + covariances(a, b, r) * 2.0, 0);
  y.second = variance + y.mean * y.mean;
  const double va = a.variance_average(), vb = b.variance_average(), cross = 2 * r * std::sqrt(va * vb);
  const auto together = [&](double ra, double rb) {
    const double all = va + vb + cross;
    return all > 0 ? std::clamp((va * ra + vb * rb + cross * (ra + rb) / 2) / all, 0.0, 1.0) : 0;
  };
  y.near = together(a.near, b.near);
  y.far = together(a.far, b.far);
  y.across = together(a.across, b.across);
  return y;
}

Signal product_rule(const Propagation& signals, std::size_t op) {
  const Signal a = signals.input(op, 0), b = signals.input(op, 1);
  const Tensor shared = covariances(a, b, correlation_of_inputs(signals, op));
  Signal y;
  const Tensor means = a.mean * b.mean;
  y.mean = means + shared;
  y.second = a.second * b.second + shared * shared * 2.0 + means * shared * 4.0;  // of normals (Isserlis)
  const bool constant_a = a.variance_average() == 0, constant_b = b.variance_average() == 0;
  const auto together = [&](double ra, double rb) { return constant_b ? ra : constant_a ? rb : ra * rb; };
  y.near = together(a.near, b.near);
  y.far = together(a.far, b.far);
  y.across = together(a.across, b.across);
  return y;
}

Signal quotient_rule(const Propagation& signals, std::size_t op) {
  if (signals.graph().ops[op].from[1]) return measured_rule(signals, op);
  const Signal a = signals.input(op, 0), b = signals.input(op, 1);
  return {a.mean / b.mean, a.second / b.second, a.near, a.far, a.across};
}

}  // namespace fanin::start
