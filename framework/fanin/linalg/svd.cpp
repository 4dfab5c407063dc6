#include <algorithm>

#include <fanin/linalg/lapack.hpp>
#include <fanin/linalg/svd.hpp>

namespace fanin::linalg {
namespace {

using Gesdd = void(const char* job, const int* m, const int* n, double* a, const int* lda, double* s,
                   double* u, const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork,
                   int* iwork, int* info, std::size_t job_length);
using ComplexGesdd = void(const char* job, const int* m, const int* n, std::complex<double>* a,
                          const int* lda, double* s, std::complex<double>* u, const int* ldu,
                          std::complex<double>* vt, const int* ldvt, std::complex<double>* work,
                          const int* lwork, double* rwork, int* iwork, int* info, std::size_t job_length);

/// What LAPACK sees of a row-major matrix: its transpose.
struct Seen {
  int m, n, least, most;
  template <class T>
  explicit Seen(const MatrixOf<T>& a)
      : m(static_cast<int>(a.columns)),
        n(static_cast<int>(a.rows)),
        least(std::min(m, n)),
        most(std::max(m, n)) {}
};

}  // namespace

std::vector<double> singular_values(Matrix a) {
  lapack::require_matrix("singular_values", a);
  const Seen seen(a);
  std::vector<double> values(static_cast<std::size_t>(seen.least));
  if (values.empty()) return values;
  const auto gesdd = openblas_function<Gesdd>("dgesdd_");
  const OpenBlasTurn turn;
  std::vector<int> whole(8 * values.size());
  const int one = 1;
  lapack::with_workspace<double>("singular_values", [&](double* work, int size, int* info) {
    gesdd("N", &seen.m, &seen.n, a.values.data(), &seen.m, values.data(), nullptr, &one, nullptr, &one, work,
          &size, whole.data(), info, 1);
  });
  return values;
}

std::vector<double> singular_values(ComplexMatrix a) {
  lapack::require_matrix("singular_values", a);
  const Seen seen(a);
  std::vector<double> values(static_cast<std::size_t>(seen.least));
  if (values.empty()) return values;
  const auto gesdd = openblas_function<ComplexGesdd>("zgesdd_");
  const OpenBlasTurn turn;
  std::vector<int> whole(8 * values.size());
  std::vector<double> real(7 * values.size());
  const int one = 1;
  lapack::with_workspace<std::complex<double>>(
      "singular_values", [&](std::complex<double>* work, int size, int* info) {
        gesdd("N", &seen.m, &seen.n, a.values.data(), &seen.m, values.data(), nullptr, &one, nullptr, &one,
              work, &size, real.data(), whole.data(), info, 1);
      });
  return values;
}

Svd svd(Matrix a) {
  lapack::require_matrix("svd", a);
  const Seen seen(a);
  const auto k = static_cast<std::size_t>(seen.least);
  // Of the transpose, LAPACK's left vectors are our right ones, and column-major they are their transpose.
  Svd result{Matrix::zeros(a.rows, k), std::vector<double>(k), Matrix::zeros(k, a.columns)};
  if (k == 0) return result;
  const auto gesdd = openblas_function<Gesdd>("dgesdd_");
  const OpenBlasTurn turn;
  std::vector<int> whole(8 * k);
  lapack::with_workspace<double>("svd", [&](double* work, int size, int* info) {
    gesdd("S", &seen.m, &seen.n, a.values.data(), &seen.m, result.values.data(), result.vt.values.data(),
          &seen.m, result.u.values.data(), &seen.least, work, &size, whole.data(), info, 1);
  });
  return result;
}

}  // namespace fanin::linalg
