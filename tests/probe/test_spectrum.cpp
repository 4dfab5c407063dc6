#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/probe/spectrum.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/random/generator.hpp>

using namespace fanin;
using doctest::Approx;

TEST_CASE("spectrum: eigenvalues that are known") {
  CHECK(probe::symmetric_eigenvalues({}, 0).empty());
  CHECK(probe::symmetric_eigenvalues({3}, 1) == std::vector<double>{3});
  const auto two = probe::symmetric_eigenvalues({2, 1, 1, 2}, 2);
  CHECK(two[0] == Approx(3));
  CHECK(two[1] == Approx(1));
  // The second-difference matrix has 2 - 2 cos(k π / (n + 1)).
  constexpr std::size_t n = 40;
  std::vector<double> laplace(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    laplace[i * n + i] = 2;
    if (i + 1 < n) laplace[i * n + i + 1] = laplace[(i + 1) * n + i] = -1;
  }
  const auto values = probe::symmetric_eigenvalues(laplace, n);
  for (std::size_t k = 1; k <= n; ++k)
    CHECK(values[n - k] ==
          Approx(2 - 2 * std::cos(static_cast<double>(k) * std::acos(-1.0) / (n + 1))).epsilon(1e-12));
}

TEST_CASE("spectrum: trace and squares are kept, and a matrix of low rank has as many eigenvalues") {
  Generator generator(3);
  constexpr std::size_t n = 48, width = 7;
  std::vector<double> a(n * width);
  for (double& v : a) v = generator.uniform01() - 0.5;
  const auto product = probe::gram(a, n, width);
  const auto values = probe::symmetric_eigenvalues(product, n);
  double trace = 0, squares = 0, sum = 0, sum_squares = 0;
  for (std::size_t i = 0; i < n; ++i) trace += product[i * n + i];
  for (const double v : product) squares += v * v;
  for (const double v : values) sum += v, sum_squares += v * v;
  CHECK(sum == Approx(trace).epsilon(1e-12));
  CHECK(sum_squares == Approx(squares).epsilon(1e-12));
  for (std::size_t i = width; i < n; ++i) CHECK(std::abs(values[i]) < 1e-12);
  CHECK(values[width - 1] > 0.1);
}

TEST_CASE("spectrum: singular values of a matrix and of a multiple of a rotation") {
  const std::vector<double> a = {3, 0, 0, 0, -4, 0};
  CHECK(probe::singular_values(a, 2, 3)[0] == Approx(4));
  CHECK(probe::singular_values(a, 2, 3)[1] == Approx(3));
  const double c = 2 * std::cos(0.7), s = 2 * std::sin(0.7);
  for (const double value : probe::singular_values(std::vector<double>{c, -s, s, c}, 2, 2))
    CHECK(value == Approx(2));
}

TEST_CASE("spectrum: what is no matrix, or not finite, is refused") {
  CHECK_THROWS_AS(probe::symmetric_eigenvalues({1, 2, 3}, 2), Error);
  CHECK_THROWS_AS(probe::symmetric_eigenvalues({1, NAN, NAN, 1}, 2), Error);
  CHECK_THROWS_AS(probe::gram(std::vector<double>{1}, 2, 2), Error);
}

TEST_CASE("effective rank: k equal eigenvalues count k; samples in a plane have 2 directions") {
  CHECK(probe::effective_rank(std::vector<double>{5, 5, 5, 0, -1e-18}) == Approx(3));
  CHECK(probe::effective_rank(std::vector<double>{0, 0}) == 0);
  CHECK(probe::effective_rank(std::vector<double>{1, 1e-9}) == Approx(1).epsilon(1e-6));
  // Points on a circle in a plane of a space of 6 dimensions, off the origin.
  Tensor circle = Tensor::full({64, 6}, 3);
  for (Index n = 0; n < 64; ++n) {
    const double angle = 2 * std::acos(-1.0) * static_cast<double>(n) / 64;
    circle.data()[n * 6 + 1] += static_cast<real>(std::cos(angle));
    circle.data()[n * 6 + 4] += static_cast<real>(std::sin(angle));
  }
  CHECK(probe::effective_rank(circle, 64) == Approx(2).epsilon(1e-4));
  CHECK(probe::effective_rank(Tensor::full({8, 6}, 3), 64) == 0);
  CHECK(probe::effective_rank(Tensor::full({8, 6}, INFINITY), 64) == 0);
  CHECK(probe::effective_rank(Tensor::full({1, 6}, 1), 64) == 0);
}
