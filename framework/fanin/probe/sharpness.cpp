#include <algorithm>
#include <cmath>
#include <vector>

#include <fanin/probe/first_samples.hpp>
#include <fanin/probe/keep_weights.hpp>
#include <fanin/probe/sharpness.hpp>
#include <fanin/start/flat_values.hpp>

namespace fanin::probe {
double sharpness(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels,
                 const SharpnessOptions& options) {
  const Tensor few = first_samples("sharpness", images, options.samples);
  const KeepWeights keep(model);
  start::Parameters trained;
  for (const auto& one : model.named_parameters())
    if (one.parameter->value.requires_grad()) trained.push_back(one.parameter.get());
  const start::Numbers at = start::values_of(trained);
  const start::Samples samples{.images = few,
                               .labels = labels.subspan(0, static_cast<std::size_t>(few.size(0)))};
  const auto gradient_at = [&](const start::Numbers& direction, double distance) {
    start::set_values(trained, start::moved(at, distance, direction));
    return start::gradient_of(model, trained, samples);
  };
  // A thousandth of the weights' own size: below it single precision drowns the difference, above it the
  // loss bends.
  const double distance = 1e-3 * std::max(start::norm(at), 1.0);
  start::Numbers v = gradient_at(at, 0);
  double length = start::norm(v), eigenvalue = 0;
  for (int i = 0; i < options.iterations && length > 0 && std::isfinite(length); ++i) {
    for (double& one : v) one /= length;
    const auto ahead = gradient_at(v, distance), behind = gradient_at(v, -distance);
    for (std::size_t j = 0; j < v.size(); ++j) v[j] = (ahead[j] - behind[j]) / (2 * distance);
    length = start::norm(v);
    const bool settled = std::abs(length - eigenvalue) <= 0.01 * length;
    eigenvalue = length;
    if (settled) break;
  }
  return std::isfinite(length) ? eigenvalue : NAN;
}

}  // namespace fanin::probe
