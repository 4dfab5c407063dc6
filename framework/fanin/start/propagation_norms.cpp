// Normalizations: what is normalized has second moment 1, less what eps takes; then the gains.
#include <algorithm>
#include <cmath>

#include <fanin/ops/normalization.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {
namespace {

real at(const Tensor& values, Index i, real otherwise) {
  return values.defined() ? values.data()[i] : otherwise;
}

/// Takes `common`, a share of the variance that is the same wherever the statistics are taken over, and the mean of
/// each of `runs` runs of elements from x; divides by what is left. Then gain and shift, by `affine_index(element)`.
template <class RunOf, class IndexOf>
Signal normalized(const Signal& x, const RanOp& ran, Index runs, double common, const RunOf& run_of,
                  const IndexOf& affine_index) {
  const double eps = std::any_cast<ops::NormFacts>(ran.facts).eps;
  const auto count = static_cast<std::size_t>(runs);
  std::vector<double> means(count, 0), variances(count, 0), sizes(count, 0);
  const Tensor variance = x.variance();
  const Index n = variance.numel();
  for (Index i = 0; i < n; ++i) {
    const auto run = static_cast<std::size_t>(run_of(i));
    means[run] += static_cast<double>(x.mean.data()[i]);
    sizes[run] += 1;
  }
  for (std::size_t run = 0; run < count; ++run) means[run] /= sizes[run];
  const auto left = [&](Index i, std::size_t run) {
    const double off = static_cast<double>(x.mean.data()[i]) - means[run];
    return static_cast<double>(variance.data()[i]) * (1 - common) + off * off;
  };
  for (Index i = 0; i < n; ++i) {
    const auto run = static_cast<std::size_t>(run_of(i));
    variances[run] += left(i, run) / sizes[run];
  }
  Signal y{Tensor(variance.shape()), Tensor(variance.shape())};
  for (Index i = 0; i < n; ++i) {
    const auto run = static_cast<std::size_t>(run_of(i));
    const double scale = 1 / (variances[run] + eps);
    const double mean = (static_cast<double>(x.mean.data()[i]) - means[run]) * std::sqrt(scale);
    const auto gain = static_cast<double>(at(ran.inputs[1], affine_index(i), 1)),
               shift = static_cast<double>(at(ran.inputs[2], affine_index(i), 0));
    y.mean.data()[i] = static_cast<real>(gain * mean + shift);
    y.second.data()[i] =
        static_cast<real>(gain * gain * left(i, run) * scale + 2 * gain * shift * mean + shift * shift);
  }
  const auto without = [&](double r) {
    return common < 1 ? std::clamp((r - common) / (1 - common), 0.0, 1.0) : 0;
  };
  y.near = without(x.near);
  y.far = without(x.far);
  y.across = without(x.across);
  return y;
}

}  // namespace

Signal batch_norm_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  if (!std::any_cast<ops::NormFacts>(ran.facts).training) return measured_rule(signals, op);
  const Shape& shape = ran.output.shape();
  const Index channels = shape[1], inner = ran.output.numel() / (shape[0] * channels);
  const auto channel = [=](Index i) { return i / inner % channels; };
  const Signal x = signals.input(op, 0);
  return normalized(x, ran, channels, x.across, channel, channel);
}

Signal row_norm_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  const Index rows = std::any_cast<ops::NormFacts>(ran.facts).rows, row = ran.output.numel() / rows;
  const auto row_of = [=](Index i) { return i / row; };
  const Signal x = signals.input(op, 0);
  const Shape& shape = ran.output.shape();
  if (std::string_view(ran.name) == "layer_norm")
    return normalized(x, ran, rows, 0, row_of, [=](Index i) { return i % row; });
  const Index channels = shape[1], inner = ran.output.numel() / (shape[0] * channels);
  // A channel's own mean is a part of its group's.
  const double common = x.far * static_cast<double>(rows) / static_cast<double>(shape[0] * channels);
  return normalized(x, ran, rows, common, row_of, [=](Index i) { return i / inner % channels; });
}

}  // namespace fanin::start
