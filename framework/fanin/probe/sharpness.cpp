#include <algorithm>
#include <cmath>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/probe/first_samples.hpp>
#include <fanin/probe/keep_weights.hpp>
#include <fanin/probe/sharpness.hpp>

namespace fanin::probe {
namespace {

double length_of(const std::vector<double>& x) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  return std::sqrt(squares);
}

}  // namespace

double sharpness(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels,
                 const SharpnessOptions& options) {
  const Tensor few = first_samples("sharpness", images, options.samples);
  KeepWeights weights(model);
  const auto gradient_at = [&](const std::vector<double>& direction, double distance) {
    weights.move_to(direction, distance);
    const start::KeepGenerators same(model);  // dropout's mask: else its noise would pass for curvature
    for (auto& one : model.named_parameters()) one.parameter->value.zero_grad();
    ops::cross_entropy(model(few), labels.subspan(0, static_cast<std::size_t>(few.size(0)))).backward();
    return weights.gradients();
  };
  const std::vector<double> at = weights.values();
  // A thousandth of the weights' own size: below it single precision drowns the difference, above it the
  // loss bends.
  const double distance = 1e-3 * std::max(length_of(at), 1.0);
  std::vector<double> v = gradient_at(at, 0);
  double length = length_of(v), eigenvalue = 0;
  for (int i = 0; i < options.iterations && length > 0 && std::isfinite(length); ++i) {
    for (double& one : v) one /= length;
    const auto ahead = gradient_at(v, distance), behind = gradient_at(v, -distance);
    for (std::size_t j = 0; j < v.size(); ++j) v[j] = (ahead[j] - behind[j]) / (2 * distance);
    length = length_of(v);
    const bool settled = std::abs(length - eigenvalue) <= 0.01 * length;
    eigenvalue = length;
    if (settled) break;
  }
  return std::isfinite(length) ? eigenvalue : NAN;
}

}  // namespace fanin::probe
