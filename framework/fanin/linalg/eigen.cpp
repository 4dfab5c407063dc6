#include <algorithm>

#include <fanin/linalg/eigen.hpp>
#include <fanin/linalg/lapack.hpp>

namespace fanin::linalg {
namespace {

using Syevd = void(const char* job, const char* half, const int* n, double* a, const int* lda, double* values,
                   double* work, const int* lwork, int* iwork, const int* liwork, int* info,
                   std::size_t job_length, std::size_t half_length);

/// The eigenvalues, least first; with job "V" the eigenvectors are in the rows of `a`.
std::vector<double> decompose(const char* what, const char* job, Matrix& a) {
  if (a.rows != a.columns) fail("{}: a matrix of {} by {} is not square", what, a.rows, a.columns);
  for (std::size_t i = 0; i < a.rows && a.values.size() == a.rows * a.columns; ++i)
    for (std::size_t j = 0; j < i; ++j) a(i, j) = a(j, i);
  lapack::require_matrix(what, a);
  std::vector<double> values(a.rows);
  if (values.empty()) return values;
  const auto syevd = openblas_function<Syevd>("dsyevd_");
  const OpenBlasTurn turn;
  const int n = static_cast<int>(a.rows), query = -1;
  int wanted = 0, info = 0;
  double unused = 0;
  syevd(job, "L", &n, a.values.data(), &n, values.data(), &unused, &query, &wanted, &query, &info, 1, 1);
  lapack::require_success(what, info);
  std::vector<int> whole(static_cast<std::size_t>(std::max(wanted, 1)));
  const int whole_size = static_cast<int>(whole.size());
  lapack::with_workspace<double>(what, [&](double* work, int size, int* result) {
    // A question about one workspace is one about both.
    syevd(job, "L", &n, a.values.data(), &n, values.data(), work, &size, whole.data(), &whole_size, result, 1,
          1);
  });
  return values;
}

}  // namespace

std::vector<double> symmetric_eigenvalues(Matrix a) {
  auto values = decompose("symmetric_eigenvalues", "N", a);
  std::reverse(values.begin(), values.end());
  return values;
}

Eigen symmetric_eigen(Matrix a) {
  Eigen result{decompose("symmetric_eigen", "V", a), std::move(a)};
  std::reverse(result.values.begin(), result.values.end());
  for (std::size_t i = 0; i < result.vectors.rows / 2; ++i) {
    const auto row = [&](std::size_t k) {
      return result.vectors.values.begin() + static_cast<std::ptrdiff_t>(k * result.vectors.columns);
    };
    std::swap_ranges(row(i), row(i + 1), row(result.vectors.rows - 1 - i));
  }
  return result;
}

}  // namespace fanin::linalg
