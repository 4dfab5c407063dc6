#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/core/error.hpp>
#include <fanin/init/quadrature.hpp>

namespace fanin::init {
namespace {

double finite(const std::function<double(double)>& f, double x) {
  const double value = f(x);
  if (!std::isfinite(value)) fail("expectation over a normal: the function gives {} at {}", value, x);
  return value;
}

// How many eigenvalues of the Jacobi matrix of the Hermite polynomials (diagonal 0, off-diagonal √k) are
// below x.
int eigenvalues_below(int n, double x) {
  int count = 0;
  double pivot = 1;
  for (int k = 0; k < n; ++k) {
    pivot = -x - (k == 0 ? 0 : k / pivot);
    if (pivot == 0) pivot = 1e-300;
    count += pivot < 0;
  }
  return count;
}

}  // namespace

Quadrature gauss_hermite(int n) {
  Quadrature rule;
  for (int i = 0; i < n; ++i) {  // nodes are the eigenvalues, found by bisection (Golub & Welsch 1969)
    double low = -2 * std::sqrt(n), high = -low;
    while (true) {
      const double middle = (low + high) / 2;
      if (middle <= low || middle >= high) break;
      (eigenvalues_below(n, middle) > i ? high : low) = middle;
    }
    const double x = (low + high) / 2;
    double previous = 0, p = 1, squares = 0;  // the weight is 1 / Σ p_k(x)² over the orthonormal polynomials
    for (int k = 0; k < n; ++k) {
      squares += p * p;
      const double next = (x * p - std::sqrt(k) * previous) / std::sqrt(k + 1);
      previous = p;
      p = next;
    }
    rule.nodes.push_back(x);
    rule.weights.push_back(1 / squares);
  }
  for (int i = 0; i < n / 2; ++i) {  // exactly symmetric, so that odd parts cancel exactly
    const auto left = static_cast<std::size_t>(i), right = static_cast<std::size_t>(n - 1 - i);
    rule.nodes[right] = (rule.nodes[right] - rule.nodes[left]) / 2;
    rule.nodes[left] = -rule.nodes[right];
    rule.weights[left] = rule.weights[right] = (rule.weights[left] + rule.weights[right]) / 2;
  }
  return rule;
}

Quadrature gauss_legendre(int n) {
  Quadrature rule;
  for (int i = 0; i < n; ++i) {
    double x = -std::cos(std::numbers::pi * (i + 0.75) / (n + 0.5)), slope = 1;
    for (int step = 0; step < 50; ++step) {
      double previous = 1, p = x;
      for (int k = 1; k < n; ++k) {
        const double next = ((2 * k + 1) * x * p - k * previous) / (k + 1);
        previous = p;
        p = next;
      }
      slope = n * (x * p - previous) / (x * x - 1);
      const double change = p / slope;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    rule.nodes.push_back(x);
    rule.weights.push_back(2 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

double gaussian_mean(const std::function<double(double)>& f) {
  const auto sum = [&](const Quadrature& rule) {
    double total = 0;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) total += rule.weights[i] * finite(f, rule.nodes[i]);
    return total;
  };
  static const Quadrature coarse = gauss_hermite(64), fine = gauss_hermite(96);
  const double rough = sum(coarse), smooth = sum(fine);
  if (std::abs(rough - smooth) <= 1e-13 * std::abs(smooth)) return smooth;

  static const Quadrature panel = gauss_legendre(12);
  const auto on_panels = [&](double half) {
    constexpr double reach = 12;
    double total = 0;
    for (double middle = -reach + half; middle < reach; middle += 2 * half)
      for (std::size_t i = 0; i < panel.nodes.size(); ++i) {
        const double z = middle + half * panel.nodes[i];
        total += half * panel.weights[i] * std::exp(-z * z / 2) * finite(f, z);
      }
    return total / std::sqrt(2 * std::numbers::pi);
  };
  double half = 0.125, before = on_panels(half);
  for (int finer = 0; finer < 4; ++finer) {  // for what oscillates: sin(30 z)
    half /= 2;
    const double now = on_panels(half);
    if (std::abs(now - before) <= 1e-13 * std::abs(now)) break;
    before = now;
  }
  return before;
}

}  // namespace fanin::init
