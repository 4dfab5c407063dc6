#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/probe/spectrum.hpp>

namespace fanin::probe {

std::vector<double> symmetric_eigenvalues(std::vector<double> matrix, std::size_t n) {
  if (matrix.size() != n * n)
    fail("symmetric_eigenvalues: {} elements are no {}×{} matrix", matrix.size(), n, n);
  double* a = matrix.data();
  double total = 0;
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t q = p; q < n; ++q) {
      if (!std::isfinite(a[p * n + q])) fail("symmetric_eigenvalues: element ({}, {}) is not finite", p, q);
      a[q * n + p] = a[p * n + q];
      total += a[p * n + q] * a[p * n + q];
    }
  }
  constexpr int most_sweeps = 60;  // it converges quadratically: about 10 in practice
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    double off = 0;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) off += a[p * n + q] * a[p * n + q];
    }
    if (!(off > 1e-30 * total)) break;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const double apq = a[p * n + q];
        if (apq == 0) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const double t = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::hypot(theta, 1.0));
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[p * n + k], y = a[q * n + k];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[k * n + p], y = a[k * n + q];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
      }
    }
  }
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = a[i * n + i];
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

std::vector<double> gram(std::span<const double> a, std::size_t n, std::size_t width) {
  if (a.size() != n * width) fail("gram: {} elements are no {}×{} matrix", a.size(), n, width);
  std::vector<double> product(n * n);
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t q = p; q < n; ++q) {
      const double *x = a.data() + p * width, *y = a.data() + q * width;
      double part[4] = {0, 0, 0, 0};
      std::size_t i = 0;
      for (; i + 4 <= width; i += 4) {
        for (std::size_t j = 0; j < 4; ++j) part[j] += x[i + j] * y[i + j];
      }
      for (; i < width; ++i) part[0] += x[i] * y[i];
      product[p * n + q] = product[q * n + p] = part[0] + part[1] + (part[2] + part[3]);
    }
  }
  return product;
}

std::vector<double> singular_values(std::span<const double> a, std::size_t n, std::size_t width) {
  auto values = symmetric_eigenvalues(gram(a, n, width), n);
  for (double& value : values) value = std::sqrt(std::max(value, 0.0));
  return values;
}

double effective_rank(std::span<const double> eigenvalues) {
  double sum = 0, entropy = 0;
  for (const double value : eigenvalues) sum += std::max(value, 0.0);
  if (!(sum > 0)) return 0;
  for (const double value : eigenvalues) {
    if (value > 0) entropy -= value / sum * std::log(value / sum);
  }
  return std::exp(entropy);
}

}  // namespace fanin::probe
