#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/core/fail.hpp>
#include <fanin/init/quadrature.hpp>

namespace fanin::init {
namespace {

constexpr double reach = 38;        // the density beyond is below 1e-313
constexpr double nothing = 1e-250;  // a mean is taken for 0 below: of max(x - 5, 0) for a narrow x, say

/// Where panels begin on the positive side: at powers of 2 up to 1, so that a function of √q·z is met at its own
/// scale whatever q; then a half wide as far as the density matters, then wider.
std::vector<double> panel_ends() {
  std::vector<double> ends = {0};
  for (int power = -30; power < 0; ++power) ends.push_back(std::ldexp(1, power));
  for (double z = 1; z < 8; z += 0.5) ends.push_back(z);
  for (const double z : {8.0, 10.0, 13.0, 18.0, 26.0, reach}) ends.push_back(z);
  return ends;
}

double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }

/// ∫ f·density over a panel, and of |f|, by one rule. It has nodes at the ends, since a jump between an end and the
/// nearest node would be seen neither here nor in the halves; they lie a little inside, where f, if it jumps there or
/// has no value, is this side's.
struct Panel {
  double low, high, sum = 0, size = 0;

  Panel(double from, double to, const std::function<double(double)>& f) : low(from), high(to) {
    each_node([&](double z, double weight) {
      const double value = f(z);
      if (std::isnan(value)) fail("expectation over a normal: the function has no value at {}", z);
      if (std::isinf(value)) fail("expectation over a normal: the function is infinite at {}", z);
      sum += weight * value;
      size += weight * std::abs(value);
    });
  }
  void each_node(auto visit) const {
    static const Quadrature rule = gauss_lobatto(12);
    const double half = (high - low) / 2, middle = (high + low) / 2;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      const double z = middle + half * (1 - 1e-12) * rule.nodes[i];
      visit(z, half * rule.weights[i] * density(z));
    }
  }
};

/// Panels of f over all numbers, each handed to `visit` when halving it once more would change nothing.
class Panels {
 public:
  Panels(const std::function<double(double)>& f, const std::function<void(const Panel&)>& visit)
      : f_(f), visit_(visit) {
    static const std::vector<double> ends = panel_ends();
    std::vector<Panel> panels;
    for (std::size_t i = 1; i < ends.size(); ++i) {
      panels.emplace_back(-ends[i], -ends[i - 1], f);
      panels.emplace_back(ends[i - 1], ends[i], f);
      size_ += panels[panels.size() - 2].size + panels.back().size;
    }
    const double beyond = (std::abs(f(-reach)) + std::abs(f(reach))) * density(reach);
    if (beyond > std::max(1e-16 * size_, nothing))
      fail(
          "expectation over a normal: the function grows too fast; its mean does not lie within {} deviations",
          reach);
    for (const Panel& panel : panels) refine(panel);
  }

 private:
  void refine(const Panel& panel) {
    const double middle = (panel.low + panel.high) / 2;
    const Panel left(panel.low, middle, f_), right(middle, panel.high, f_);
    const double width = panel.high - panel.low, z = std::max(std::abs(panel.low), std::abs(panel.high));
    size_ += left.size + right.size - panel.size;        // far out, the density changes a lot within a panel
    const double rounding = 4e-16 * z * z * panel.size;  // of the density, whose exponent is z²/2
    if (std::abs(left.sum + right.sum - panel.sum) <= std::max(1e-15 * size_, nothing) + rounding ||
        width <= 4e-16 * z) {
      visit_(left), visit_(right);
      return;
    }
    if (++splits_ > 100'000)
      fail("expectation over a normal: the function varies too much near {} to be integrated", middle);
    refine(left);
    refine(right);
  }

  const std::function<double(double)>& f_;
  const std::function<void(const Panel&)>& visit_;
  double size_ = 0;  // E|f|, as far as it is known
  int splits_ = 0;
};

}  // namespace

Quadrature gauss_lobatto(int n) {
  Quadrature rule;
  const int degree = n - 1;
  for (int i = 0; i < n; ++i) {
    double x = -std::cos(std::numbers::pi * i / degree), p = 1;
    for (int step = 0; step < 50; ++step) {  // Newton's method for (1 - x²) P'(x) = 0
      double previous = 1;
      p = x;
      for (int k = 1; k < degree; ++k) {
        const double next = ((2 * k + 1) * x * p - k * previous) / (k + 1);
        previous = p;
        p = next;
      }
      const double change = (x * p - previous) / (n * p);
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    rule.nodes.push_back(x);
    rule.weights.push_back(2 / (degree * n * p * p));
  }
  return rule;
}

Quadrature gaussian_rule(const std::function<double(double)>& f) {
  Quadrature rule;
  Panels(f, [&](const Panel& panel) {
    panel.each_node([&](double z, double weight) {
      rule.nodes.push_back(z);
      rule.weights.push_back(weight);
    });
  });
  return rule;
}

double gaussian_mean(const std::function<double(double)>& f) {
  double sum = 0;
  Panels(f, [&](const Panel& panel) { sum += panel.sum; });
  return sum;
}

}  // namespace fanin::init
