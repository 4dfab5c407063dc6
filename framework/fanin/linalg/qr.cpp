#include <algorithm>

#include <fanin/linalg/lapack.hpp>
#include <fanin/linalg/qr.hpp>

namespace fanin::linalg {
namespace {

using Geqrf = void(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
                   const int* lwork, int* info);
using Orgqr = void(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau,
                   double* work, const int* lwork, int* info);

}  // namespace

Qr qr(const Matrix& a) {
  lapack::require_matrix("qr", a);
  const std::size_t least = std::min(a.rows, a.columns);
  Qr result{Matrix::zeros(a.rows, least), Matrix::zeros(least, a.columns)};
  if (least == 0) return result;
  Matrix columns = transposed(a);  // column-major, as LAPACK wants it
  const auto geqrf = openblas_function<Geqrf>("dgeqrf_");
  const auto orgqr = openblas_function<Orgqr>("dorgqr_");
  const OpenBlasTurn turn;
  const int m = static_cast<int>(a.rows), n = static_cast<int>(a.columns), k = static_cast<int>(least);
  std::vector<double> tau(least);
  lapack::with_workspace<double>("qr", [&](double* work, int size, int* info) {
    geqrf(&m, &n, columns.values.data(), &m, tau.data(), work, &size, info);
  });
  for (std::size_t i = 0; i < least; ++i)
    for (std::size_t j = i; j < a.columns; ++j) result.r(i, j) = columns(j, i);
  lapack::with_workspace<double>("qr", [&](double* work, int size, int* info) {
    orgqr(&m, &k, &k, columns.values.data(), &m, tau.data(), work, &size, info);
  });
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < least; ++j) result.q(i, j) = columns(j, i);
  return result;
}

}  // namespace fanin::linalg
