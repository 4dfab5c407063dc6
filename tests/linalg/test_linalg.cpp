#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include <fanin/core/error.hpp>
#include <fanin/kernels/gemm/qr.hpp>
#include <fanin/linalg/eigen.hpp>
#include <fanin/linalg/qr.hpp>
#include <fanin/linalg/spectrum.hpp>
#include <fanin/linalg/svd.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/random/generator.hpp>

#include "tests/message.hpp"

using namespace fanin;
using doctest::Approx;
using linalg::Matrix;

namespace {

Matrix random_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  Generator generator(seed);
  auto a = Matrix::zeros(rows, columns);
  for (double& v : a.values) v = generator.uniform01() - 0.5;
  return a;
}

Matrix product(const Matrix& a, const Matrix& b) {
  REQUIRE(a.columns == b.rows);
  auto c = Matrix::zeros(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t k = 0; k < a.columns; ++k)
      for (std::size_t j = 0; j < b.columns; ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}

Matrix diagonal(const std::vector<double>& values) {
  auto d = Matrix::zeros(values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) d(i, i) = values[i];
  return d;
}

double distance(const Matrix& a, const Matrix& b) {
  REQUIRE(a.rows == b.rows);
  REQUIRE(a.columns == b.columns);
  double most = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    most = std::max(most, std::abs(a.values[i] - b.values[i]));
  return most;
}

}  // namespace

TEST_CASE("linalg: singular values over 12 orders of magnitude, each to four digits") {
  // Squaring the condition number, as a Gram matrix does, loses all below 1e-8 of the largest.
  constexpr std::size_t n = 13, wide = 40;
  std::vector<double> wanted;
  for (std::size_t i = 0; i < n; ++i) wanted.push_back(std::pow(10, -static_cast<double>(i)));
  const Matrix u = linalg::qr(random_matrix(n, n, 1)).q, v = linalg::qr(random_matrix(wide, n, 2)).q;
  const Matrix a = product(product(u, diagonal(wanted)), transposed(v));
  for (const Matrix& one : {a, transposed(a)}) {
    const auto found = linalg::singular_values(one);
    REQUIRE(found.size() == n);
    for (std::size_t i = 0; i < n; ++i) CHECK(found[i] == Approx(wanted[i]).epsilon(2e-4));
  }
}

TEST_CASE("linalg: a decomposition multiplies to its matrix, for any form of it") {
  for (const auto& sizes :
       {std::pair<std::size_t, std::size_t>{1, 1}, {5, 5}, {30, 7}, {7, 30}, {1, 9}, {9, 1}}) {
    CAPTURE(sizes.first);
    CAPTURE(sizes.second);
    const std::size_t k = std::min(sizes.first, sizes.second);
    const Matrix a = random_matrix(sizes.first, sizes.second, 3), one = diagonal(std::vector<double>(k, 1));
    const auto svd = linalg::svd(a);
    CHECK(distance(product(product(svd.u, diagonal(svd.values)), svd.vt), a) < 1e-13);
    CHECK(distance(product(transposed(svd.u), svd.u), one) < 1e-13);
    CHECK(distance(product(svd.vt, transposed(svd.vt)), one) < 1e-13);
    const auto values = linalg::singular_values(a);
    for (std::size_t i = 0; i < k; ++i) CHECK(values[i] == Approx(svd.values[i]).epsilon(1e-12));

    const auto qr = linalg::qr(a);
    CHECK(distance(product(qr.q, qr.r), a) < 1e-13);
    CHECK(distance(product(transposed(qr.q), qr.q), one) < 1e-13);
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < i; ++j) CHECK(qr.r(i, j) == 0);

    const Matrix symmetric = product(a, transposed(a));
    const auto eigen = linalg::symmetric_eigen(symmetric);
    CHECK(distance(product(product(transposed(eigen.vectors), diagonal(eigen.values)), eigen.vectors),
                   symmetric) < 1e-12);
    const auto squares = linalg::symmetric_eigenvalues(symmetric);
    for (std::size_t i = 0; i < k; ++i) CHECK(squares[i] == Approx(values[i] * values[i]).epsilon(1e-9));
  }
}

TEST_CASE("linalg: values that are known") {
  CHECK(linalg::singular_values(Matrix{2, 3, {3, 0, 0, 0, -4, 0}}) == std::vector<double>{4, 3});
  CHECK(linalg::singular_values(Matrix{}).empty());
  CHECK(linalg::singular_values(Matrix::zeros(0, 5)).empty());
  CHECK(linalg::symmetric_eigenvalues({}).empty());
  CHECK(linalg::qr(Matrix::zeros(4, 0)).q.values.empty());
  CHECK(linalg::svd(Matrix::zeros(0, 3)).values.empty());
  // Only the upper half is read.
  const auto two = linalg::symmetric_eigenvalues({2, 2, {2, 1, NAN, 2}});
  CHECK(two[0] == Approx(3));
  CHECK(two[1] == Approx(1));
  // The second-difference matrix has 2 - 2 cos(k π / (n + 1)).
  constexpr std::size_t n = 40;
  auto laplace = Matrix::zeros(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    laplace(i, i) = 2;
    if (i + 1 < n) laplace(i, i + 1) = laplace(i + 1, i) = -1;
  }
  const auto values = linalg::symmetric_eigenvalues(laplace);
  for (std::size_t k = 1; k <= n; ++k)
    CHECK(values[n - k] ==
          Approx(2 - 2 * std::cos(static_cast<double>(k) * std::acos(-1.0) / (n + 1))).epsilon(1e-12));
  // A complex number times a rotation: all values are its modulus. And a row's value is its norm.
  const double c = std::cos(0.7), s = std::sin(0.7);
  const std::complex<double> z(3, 4);
  for (const double value :
       linalg::singular_values(linalg::ComplexMatrix{2, 2, {z * c, -z * s, z * s, z * c}}))
    CHECK(value == Approx(5));
  CHECK(linalg::singular_values(linalg::ComplexMatrix{1, 2, {{0, 3}, {4, 0}}})[0] == Approx(5));
}

TEST_CASE("linalg: what is no matrix, not square or not finite is an Error that says where") {
  CHECK(holds(message([] { linalg::singular_values(Matrix{2, 2, {1, 2, 3}}); }), "3 elements"));
  CHECK(holds(message([] { linalg::svd({2, 2, {1, 2, NAN, 3}}); }), "element (1, 0) is not finite"));
  CHECK(holds(message([] { linalg::qr({1, 2, {1, INFINITY}}); }), "element (0, 1) is not finite"));
  CHECK(holds(message([] {
                linalg::singular_values(linalg::ComplexMatrix{1, 1, {{0, NAN}}});
              }),
              "not finite"));
  CHECK(holds(message([] { linalg::symmetric_eigenvalues({1, 2, {1, 2}}); }), "not square"));
  CHECK(holds(message([] { linalg::symmetric_eigenvalues({2, 2, {1, 2, 3}}); }), "3 elements"));
  CHECK(holds(message([] { linalg::symmetric_eigen({2, 2, {1, NAN, 0, 1}}); }), "(0, 1) is not finite"));
}

TEST_CASE("linalg: many threads at once get the bits of one") {
  const Matrix a = random_matrix(90, 70, 5);
  const auto expected = linalg::svd(a);
  std::vector<linalg::Svd> found(6);
  std::vector<std::thread> threads;
  for (auto& one : found) {
    threads.emplace_back([&a, &one] {
      for (int round = 0; round < 10; ++round) one = linalg::svd(a);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& one : found) {
    CHECK(one.values == expected.values);
    CHECK(one.u.values == expected.u.values);
    CHECK(one.vt.values == expected.vt.values);
  }
}

TEST_CASE("linalg: our blocked reflections are the transposed Q of LAPACK's QR, with R's diagonal positive") {
  constexpr std::size_t n = 70, m = 150;
  const Matrix a = random_matrix(n, m, 7);
  std::vector<real> ours(a.values.begin(), a.values.end()), q(n * m);
  kernels::orthonormal_rows(n, m, ours.data(), q.data());
  const auto qr = linalg::qr(transposed(a));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j)
      CHECK(static_cast<double>(q[i * m + j]) ==
            Approx(qr.q(j, i) * (qr.r(i, i) < 0 ? -1 : 1)).epsilon(1e-5).scale(1));
}

TEST_CASE("effective rank: k equal values count k; samples in a plane have 2 directions") {
  CHECK(linalg::effective_rank(std::vector<double>{5, 5, 5, 0, -1e-18}) == Approx(3));
  CHECK(linalg::effective_rank(std::vector<double>{0, 0}) == 0);
  CHECK(linalg::effective_rank(std::vector<double>{1, 1e-9}) == Approx(1).epsilon(1e-6));
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
