// Means, sums and maxima of several elements, which depend on how those are correlated.
#include <algorithm>
#include <cmath>

#include <fanin/kernels/reduce/pool.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/pool2d.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {
namespace {

/// Of n elements, from their means and variances of that mean: r is the correlation of two of them.
Signal mean_of(const Signal& x, const RanOp& ran, double n, double r) {
  Signal y;
  y.mean = ran.again(std::vector<Tensor>{x.mean});
  y.second = ran.again(std::vector<Tensor>{x.variance()});
  const double share = 1 / n + (1 - 1 / n) * r;  // of the variance that is left
  for (Index i = 0; i < y.mean.numel(); ++i) {
    const real mean = y.mean.data()[i];
    y.second.data()[i] = y.second.data()[i] * static_cast<real>(share) + mean * mean;
  }
  const auto together = [&](double between) { return share > 0 ? std::clamp(between / share, 0.0, 1.0) : 0; };
  y.near = together(correlation_at(x, std::sqrt(n)));
  y.far = together(x.far);
  y.across = together(x.across);
  return y;
}

double elements_a_mean(const RanOp& ran) {
  if (const auto* pool = std::any_cast<kernels::PoolShape>(&ran.facts))
    return static_cast<double>(pool->kernel_h * pool->kernel_w);
  return static_cast<double>(ran.inputs[0].numel()) / static_cast<double>(ran.output.numel());
}

/// Of two elements of one mean.
double correlation_within(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  const Signal x = signals.input(op, 0);
  const Shape& shape = ran.inputs[0].shape();
  if (shape.rank() < 3) return 0;  // units
  if (const auto* over = std::any_cast<ops::Reduction>(&ran.facts)) {
    const bool all = over->outer == 1 && over->inner == 1;
    if (!all && over->outer == 1 && over->n == shape[0]) return x.across;
    const Index area = shape.rank() == 4 ? shape[2] * shape[3] : 1;
    const Producer& from = signals.graph().ops[op].from[0];
    const bool of_images = from && signals.graph().ops[*from].kind() == "mean" &&
                           signals.graph().ops[*from].ran.inputs[0].rank() == 4;
    if (!all && over->inner == area && !(shape.rank() == 3 && of_images))
      return 0;  // channels, and the last dimension of [N, T, C]
    if (shape.rank() == 3) return x.far;
  }
  const bool whole_plane = shape.rank() != 4 || ran.output.numel() == shape[0] * shape[1];
  return whole_plane ? x.far : x.near;
}

}  // namespace

Signal average_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  const Signal x = signals.input(op, 0);
  return mean_of(x, ran, elements_a_mean(ran), correlation_within(signals, op));
}

Signal total_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  const Signal x = signals.input(op, 0);
  const double n = elements_a_mean(ran), share = (1 + (n - 1) * correlation_within(signals, op));
  Signal y{ran.again(std::vector<Tensor>{x.mean}), ran.again(std::vector<Tensor>{x.variance()}), x.near,
           x.far, x.across};
  for (Index i = 0; i < y.mean.numel(); ++i) {
    const real mean = y.mean.data()[i];
    y.second.data()[i] = y.second.data()[i] * static_cast<real>(share) + mean * mean;
  }
  return y;
}

Signal max_pool_rule(const Propagation& signals, std::size_t op) {
  const GraphOp& one = signals.graph().ops[op];
  const auto pool = std::any_cast<kernels::PoolShape>(one.ran.facts);
  const Signal x = signals.input(op, 0);
  // What is normally distributed is what the activation before it was given, if there is one.
  const Producer before = one.from[0];
  const bool activated = before && signals.root(*before);
  const Signal z = activated ? signals.at(*signals.root(*before)) : x;
  const Pointwise f = activated ? signals.function(*before) : [](const Tensor& same) { return same; };
  const auto pooled = [&](const Tensor& map) {
    return ops::avg_pool2d(map, {.kernel = {pool.kernel_h, pool.kernel_w},
                                 .stride = ops::Pair{pool.stride_h, pool.stride_w},
                                 .padding = {pool.pad_h, pool.pad_w}});
  };
  Signal y{pooled(z.mean), pooled(z.variance())};
  by_element(y.mean, y.second, [&](double mean, double deviation) {
    return moments_of_maximum(f, mean, deviation, z.near, pool.kernel_h * pool.kernel_w);
  });
  y.near = correlation_at(x, static_cast<double>(pool.stride_w));
  y.far = x.far;
  y.across = x.across;
  return y;
}

}  // namespace fanin::start
