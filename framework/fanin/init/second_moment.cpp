#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>
#include <fanin/init/second_moment.hpp>

namespace fanin::init {
namespace {

constexpr double smallest = 1e-3, largest = 1e6, step = 1.4;

double at(const Nonlinearity& f, double sigma) {
  return gaussian_mean([&](double z) {
    const double value = f.f(sigma * z);
    return value * value;
  });
}

double layers_to_tenfold(double factor) {
  const double rate = std::abs(std::log(factor));
  return rate > 1e-6 ? std::log(10.0) / rate : std::numeric_limits<double>::infinity();
}

}  // namespace

const char* name_of(DepthVerdict verdict) {
  constexpr const char* names[] = {"contractive", "marginal", "expansive", "infeasible"};
  return names[static_cast<std::size_t>(verdict)];
}

SecondMomentDepth second_moment_depth(const Nonlinearity& f, std::optional<double> target) {
  SecondMomentDepth depth;
  depth.least = f.f(0) * f.f(0);
  std::vector<double> sigmas, moments;
  for (double sigma = smallest; sigma <= largest; sigma *= step) {
    sigmas.push_back(sigma);
    moments.push_back(at(f, sigma));
    const std::size_t n = moments.size();  // levelled off: a sine's means are costly from here on
    const bool moved = std::abs(moments.back() - moments[0]) > 1e-3 * moments[0];
    if (moved && std::abs(moments[n - 1] - moments[n - 2]) < 1e-9 * moments[n - 1]) break;
  }
  const auto [low, high] = std::minmax_element(moments.begin(), moments.end());
  depth.least = std::min(depth.least, *low);
  depth.most = *high;
  const bool holds_one = 1.05 * depth.least < 1 && depth.most > 1.05;
  depth.target = target.value_or(holds_one ? 1 : (depth.least + depth.most) / 2);
  std::size_t i = 1;  // where the target lies between two neighbours
  while (i < sigmas.size() && (moments[i - 1] < depth.target) == (moments[i] < depth.target)) ++i;
  if (i == sigmas.size()) return depth;
  double near = sigmas[i - 1], far = sigmas[i];
  const bool more = moments[i - 1] < depth.target;
  for (int halving = 0; halving < 50; ++halving) {
    const double middle = std::sqrt(near * far);
    ((at(f, middle) < depth.target) == more ? near : far) = middle;
  }
  depth.sigma = far;
  const double q = far * far, sigma_w = far / std::sqrt(depth.target);
  depth.slope = std::abs(variance_slope(f, sigma_w, q));
  depth.chi = gradient_factor(f, sigma_w, q);
  depth.tenfold = layers_to_tenfold(depth.slope);
  depth.gradient_tenfold = layers_to_tenfold(depth.chi);
  depth.verdict = std::abs(depth.slope - 1) <= 1e-6 ? DepthVerdict::marginal
                  : depth.slope < 1                 ? DepthVerdict::contractive
                                                    : DepthVerdict::expansive;
  return depth;
}

}  // namespace fanin::init
