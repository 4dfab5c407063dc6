#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include <fanin/start/normal_moments.hpp>

namespace fanin::start {
namespace {

/// z and the weights of ∫ … φ(z) dz, by equal steps.
struct Grid {
  std::vector<double> z, weight;
  Grid(double widest, int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      z.push_back(-widest + 2 * widest * i / (count - 1));
      weight.push_back(std::exp(-z.back() * z.back() / 2));
      sum += weight.back();
    }
    for (double& w : weight) w /= sum;
  }
};

std::vector<double> values_on(const Pointwise& f, const std::vector<double>& z, double mean,
                              double deviation) {
  Tensor x({static_cast<Index>(z.size())});
  for (std::size_t i = 0; i < z.size(); ++i) x.data()[i] = static_cast<real>(mean + deviation * z[i]);
  const Tensor y = f(x);
  return {y.values().begin(), y.values().end()};
}

const Grid& fine() {
  static const Grid grid(8.5, 1701);
  return grid;
}

}  // namespace

MomentPair moments_of(const Pointwise& f, double mean, double deviation) {
  const auto& grid = fine();
  const auto values = values_on(f, grid.z, mean, deviation);
  MomentPair moments;
  for (std::size_t i = 0; i < values.size(); ++i) {
    moments.mean += grid.weight[i] * values[i];
    moments.second += grid.weight[i] * values[i] * values[i];
  }
  return moments;
}

MomentPair moments_of_maximum(const Pointwise& f, double mean, double deviation, double r, Index n) {
  // What the n have in common is u; given that they are independent.
  static const Grid common(5, 41), own(6, 241);
  r = std::clamp(r, 0.0, 1.0);
  MomentPair moments;
  for (std::size_t i = 0; i < common.z.size(); ++i) {
    const auto values =
        values_on(f, own.z, mean + deviation * std::sqrt(r) * common.z[i], deviation * std::sqrt(1 - r));
    std::vector<std::pair<double, double>> sorted;
    for (std::size_t j = 0; j < values.size(); ++j) sorted.emplace_back(values[j], own.weight[j]);
    std::sort(sorted.begin(), sorted.end());
    double below = 0, before = 0;
    for (const auto& one : sorted) {
      below = std::min(1.0, below + one.second);
      const double least = std::pow(below, static_cast<double>(n));  // P(all n are no larger)
      moments.mean += common.weight[i] * (least - before) * one.first;
      moments.second += common.weight[i] * (least - before) * one.first * one.first;
      before = least;
    }
  }
  return moments;
}

std::vector<double> hermite_coefficients(const Pointwise& f, double mean, double deviation) {
  constexpr std::size_t count = 40;
  const auto& grid = fine();
  const auto values = values_on(f, grid.z, mean, deviation);
  std::vector<double> coefficients(count, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double before = 0, h = 1;  // of degree k - 1 and k
    for (std::size_t k = 0; k < count; ++k) {
      coefficients[k] += grid.weight[i] * values[i] * h;
      const double degree = static_cast<double>(k);
      const double next = (grid.z[i] * h - std::sqrt(degree) * before) / std::sqrt(degree + 1);
      before = h, h = next;
    }
  }
  return coefficients;
}

double covariance(const std::vector<double>& a, const std::vector<double>& b, double r) {
  double sum = 0, power = 1;
  for (std::size_t k = 1; k < a.size(); ++k) sum += a[k] * b[k] * (power *= r);
  return sum;
}

void by_element(Tensor& mean, Tensor& variance, const std::function<MomentPair(double, double)>& moments) {
  std::map<std::pair<real, real>, MomentPair> known;
  const auto rounded = [](real x) {  // to 1 part in 2^19: rounding alone must not make them many
    int exponent = 0;
    const real part = std::frexp(x, &exponent);
    return std::ldexp(std::round(std::ldexp(part, 19)), exponent - 19);
  };
  for (Index i = 0; i < mean.numel(); ++i) {
    const auto key = std::pair(rounded(mean.data()[i]), rounded(variance.data()[i]));
    auto found = known.find(key);
    if (found == known.end()) {
      const double deviation = std::sqrt(std::max(0.0, static_cast<double>(key.second)));
      found = known.emplace(key, moments(static_cast<double>(key.first), deviation)).first;
    }
    mean.data()[i] = static_cast<real>(found->second.mean);
    variance.data()[i] = static_cast<real>(found->second.second);
  }
}

}  // namespace fanin::start
