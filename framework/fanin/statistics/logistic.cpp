#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/statistics/logistic.hpp>

namespace fanin::statistics {
namespace {

using Vector = std::vector<double>;

/// Solves A x = b in place of b, for a symmetric positive definite A [n, n], by Cholesky's decomposition.
void solve(Vector a, Vector& b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
    double sum = b[i];
    for (std::size_t k = 0; k < i; ++k) sum -= a[i * n + k] * b[k];
    b[i] = sum / a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Means and deviations of the columns.
struct Scales {
  Vector mean, std;
  explicit Scales(const std::vector<Vector>& rows) : mean(rows[0].size(), 0), std(rows[0].size(), 0) {
    const auto n = static_cast<double>(rows.size());
    for (const Vector& row : rows) {
      if (row.size() != mean.size())
        fail("logistic_fit: rows of {} and {} measures", mean.size(), row.size());
      for (std::size_t j = 0; j < row.size(); ++j) {
        if (!std::isfinite(row[j])) fail("logistic_fit: measure {} is {}", j, row[j]);
        mean[j] += row[j] / n;
      }
    }
    for (const Vector& row : rows)
      for (std::size_t j = 0; j < row.size(); ++j) std[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / n;
    for (std::size_t j = 0; j < std.size(); ++j) {
      std[j] = std::sqrt(std[j]);
      if (std[j] <= 1e-12 * std::abs(mean[j])) std[j] = 0;  // what rounding the mean leaves of equal values
    }
  }
};

}  // namespace

double Logistic::log_odds(std::span<const double> x) const {
  if (x.size() != weights.size()) fail("Logistic: {} measures for {} weights", x.size(), weights.size());
  double sum = intercept;
  for (std::size_t j = 0; j < x.size(); ++j) sum += weights[j] * x[j];
  return sum;
}

double Logistic::probability(std::span<const double> x) const { return sigmoid(log_odds(x)); }

Logistic logistic_fit(const std::vector<Vector>& rows, const std::vector<bool>& outcomes, double ridge) {
  if (rows.empty() || rows.size() != outcomes.size())
    fail("logistic_fit: {} rows for {} outcomes", rows.size(), outcomes.size());
  if (!(ridge > 0)) fail("logistic_fit: the ridge must be positive, got {}", ridge);
  const Scales scales(rows);
  const std::size_t n = scales.mean.size() + 1;  // the intercept is the last
  std::vector<Vector> x;
  for (const Vector& row : rows) {
    Vector& one = x.emplace_back();
    for (std::size_t j = 0; j + 1 < n; ++j)
      one.push_back(scales.std[j] > 0 ? (row[j] - scales.mean[j]) / scales.std[j] : 0);
    one.push_back(1);
  }
  Vector w(n, 0);
  const auto penalized = [&](const Vector& at) {  // -log likelihood, stable for odds of any size
    double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      double odds = 0;
      for (std::size_t j = 0; j < n; ++j) odds += at[j] * x[i][j];
      total += std::max(odds, 0.0) + std::log1p(std::exp(-std::abs(odds))) - (outcomes[i] ? odds : 0);
    }
    for (std::size_t j = 0; j + 1 < n; ++j) total += ridge / 2 * at[j] * at[j];
    return total;
  };
  double value = penalized(w);
  for (int round = 0; round < 100; ++round) {
    Vector gradient(n, 0), hessian(n * n, 0);
    for (std::size_t i = 0; i < x.size(); ++i) {
      double odds = 0;
      for (std::size_t j = 0; j < n; ++j) odds += w[j] * x[i][j];
      const double p = sigmoid(odds), weight = p * (1 - p);
      for (std::size_t j = 0; j < n; ++j) {
        gradient[j] += (p - (outcomes[i] ? 1 : 0)) * x[i][j];
        for (std::size_t k = 0; k < n; ++k) hessian[j * n + k] += weight * x[i][j] * x[i][k];
      }
    }
    for (std::size_t j = 0; j + 1 < n; ++j) {
      gradient[j] += ridge * w[j];
      hessian[j * n + j] += ridge;
    }
    hessian[n * n - 1] += 1e-9;  // outcomes that are all alike have no finite intercept
    solve(hessian, gradient);
    double step = 1;
    Vector next = w;
    double there = value;
    for (; step > 1e-6; step /= 2) {  // Newton's step may overshoot far from the solution
      for (std::size_t j = 0; j < n; ++j) next[j] = w[j] - step * gradient[j];
      there = penalized(next);
      if (there <= value) break;
    }
    const double gained = value - there;
    if (!(gained > 1e-12 * std::abs(value))) break;
    w = next;
    value = there;
  }
  Logistic fit{.intercept = w[n - 1], .weights = Vector(n - 1, 0)};
  for (std::size_t j = 0; j + 1 < n; ++j) {
    if (!(scales.std[j] > 0)) continue;
    fit.weights[j] = w[j] / scales.std[j];
    fit.intercept -= fit.weights[j] * scales.mean[j];
  }
  return fit;
}

}  // namespace fanin::statistics
