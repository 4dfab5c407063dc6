#include <algorithm>
#include <cmath>
#include <numeric>

#include <fanin/init/correlation_map.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>

namespace fanin::init {
namespace {

constexpr std::size_t terms = 300;

/// aₖ² of f(√q z) = Σ aₖ hₖ(z), hₖ the orthonormal Hermite polynomials.
std::vector<double> hermite_squares(const Nonlinearity& f, double q) {
  const auto scaled = [&](double z) { return f.f(std::sqrt(q) * z); };
  const Quadrature rule = gaussian_rule([&](double z) { return scaled(z) * scaled(z); });
  std::vector<double> sums(terms, 0.0);
  for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
    const double z = rule.nodes[i], value = rule.weights[i] * scaled(z);
    double before = 0, h = 1;
    for (std::size_t k = 0; k < terms; ++k) {
      sums[k] += value * h;
      const double next =
          (z * h - std::sqrt(static_cast<double>(k)) * before) / std::sqrt(static_cast<double>(k + 1));
      before = h;
      h = next;
    }
  }
  for (double& a : sums) a *= a;
  return sums;
}

}  // namespace

CorrelationMap::CorrelationMap(const Nonlinearity& f, double sigma_w, double sigma_b, double q)
    : share_(hermite_squares(f, q)) {
  const double next = next_variance(f, sigma_w, sigma_b, q);
  for (double& a : share_) a *= sigma_w * sigma_w / next;
  share_[0] += sigma_b * sigma_b / next;
  // What the series leaves out, of kinks mostly, belongs to higher powers, which matter near 1 alone.
  share_.push_back(std::max(0.0, 1 - std::accumulate(share_.begin(), share_.end(), 0.0)));
}

double CorrelationMap::operator()(double c) const {
  double sum = 0;
  for (std::size_t k = share_.size(); k-- > 0;) sum = sum * c + share_[k];
  return sum;
}

double CorrelationMap::slope(double c) const {
  double sum = 0;
  for (std::size_t k = share_.size(); k-- > 1;) sum = sum * c + static_cast<double>(k) * share_[k];
  return sum;
}

double CorrelationMap::fixed_point() const {
  double low = 0, high = 1 - 1e-12;  // C(low) ≥ low, C(high) < high, and C is convex: one crossing
  if ((*this)(high) >= high) return 1;
  for (int step = 0; step < 100 && low < high; ++step) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    ((*this)(middle) >= middle ? low : high) = middle;
  }
  return low;
}

}  // namespace fanin::init
