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

Numbers moved(const Numbers& x, double a, const Numbers& y) {
  Numbers sum = x;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += a * y[i];
  return sum;
}

Parameters parameters_of(std::span<const Fit> fits) {
  Parameters all;
  for (const Fit& fit : fits) all.push_back(fit.parameter);
  return all;
}

Numbers values_of(const Parameters& of) {
  Numbers all;
  for (const nn::Parameter* one : of)
    all.insert(all.end(), one->value.values().begin(), one->value.values().end());
  return all;
}

void set_values(const Parameters& of, const Numbers& all) {
  std::size_t at = 0;
  for (nn::Parameter* one : of)
    for (real& w : one->value.values()) w = static_cast<real>(all[at++]);
}

Numbers scaled(const Parameters& of, Numbers all, const Numbers& factors) {
  std::size_t at = 0;
  for (std::size_t k = 0; k < of.size(); ++k)
    for (Index i = 0; i < of[k]->value.numel(); ++i) all[at++] *= factors[k];
  return all;
}

Numbers gradient_of(nn::Module& model, const Parameters& of, const Samples& samples) {
  const KeepGenerators same(model);
  for (auto& one : model.named_parameters()) one.parameter->value.zero_grad();
  ops::cross_entropy(model(samples.images), samples.labels).backward();
  Numbers all;
  for (const nn::Parameter* one : of) {
    const Tensor gradient = one->value.grad();
    if (gradient.defined())
      all.insert(all.end(), gradient.values().begin(), gradient.values().end());
    else
      all.insert(all.end(), static_cast<std::size_t>(one->value.numel()), 0.0);
  }
  return all;
}

double loss_of(nn::Module& model, const Samples& samples) {
  const KeepGenerators same(model);
  const NoGrad no_grad;
  return static_cast<double>(ops::cross_entropy(model(samples.images), samples.labels).item());
}

}  // namespace fanin::start
