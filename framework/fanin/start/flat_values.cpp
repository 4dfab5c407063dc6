#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/start/flat_values.hpp>
#include <fanin/start/keep_state.hpp>

namespace fanin::start {

double norm(const Numbers& x) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  return std::sqrt(squares);
}

Numbers values_of(std::span<const Fit> fits) {
  Numbers all;
  for (const Fit& fit : fits)
    all.insert(all.end(), fit.parameter->value.values().begin(), fit.parameter->value.values().end());
  return all;
}

void set_values(std::span<const Fit> fits, const Numbers& all) {
  std::size_t at = 0;
  for (const Fit& fit : fits)
    for (real& w : fit.parameter->value.values()) w = static_cast<real>(all[at++]);
}

Numbers gradient_of(nn::Module& model, std::span<const Fit> fits, const Samples& samples) {
  const KeepGenerators same(model);
  for (auto& one : model.named_parameters()) one.parameter->value.zero_grad();
  ops::cross_entropy(model(samples.images), samples.labels).backward();
  Numbers all;
  for (const Fit& fit : fits) {
    const Tensor gradient = fit.parameter->value.grad();
    if (gradient.defined())
      all.insert(all.end(), gradient.values().begin(), gradient.values().end());
    else
      all.insert(all.end(), static_cast<std::size_t>(fit.parameter->value.numel()), 0.0);
  }
  return all;
}

double loss_of(nn::Module& model, const Samples& samples) {
  const KeepGenerators same(model);
  const NoGrad no_grad;
  return static_cast<double>(ops::cross_entropy(model(samples.images), samples.labels).item());
}

}  // namespace fanin::start
