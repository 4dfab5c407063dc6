#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/core/openblas.hpp>
#include <fanin/linalg/matrix.hpp>

/// What calling LAPACK takes. It is column-major: to it, a row-major matrix is its transpose.
namespace fanin::linalg::lapack {
/// @{ Whether it is a number, both parts of a complex one.
inline bool is_finite(double x) { return std::isfinite(x); }
inline bool is_finite(std::complex<double> x) { return std::isfinite(x.real()) && std::isfinite(x.imag()); }
/// @}
/// Error when `a` has not as many elements as it says, more rows or columns than LAPACK counts, or one that
/// is not a number: LAPACK gives what comes out of them no meaning, and may not end.
template <class T>
void require_matrix(const char* what, const MatrixOf<T>& a) {
  constexpr std::size_t most = std::numeric_limits<int>::max();
  if (a.rows > most || a.columns > most || a.values.size() != a.rows * a.columns)
    fail("{}: {} elements are no matrix of {} by {}", what, a.values.size(), a.rows, a.columns);
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (!is_finite(a.values[i]))
      fail("{}: element ({}, {}) is not finite", what, i / a.columns, i % a.columns);
  }
}

/// Error for what LAPACK says of itself.
inline void require_success(const char* what, int info) {
  if (info < 0) fail("{}: LAPACK refused argument {}", what, -info);
  if (info > 0) fail("{}: LAPACK's iteration did not converge ({})", what, info);
}

/// Calls `run(work, size, info)` twice: with size -1, for how much scratch memory it wants, and with that
/// much.
template <class T, class Run>
void with_workspace(const char* what, const Run& run) {
  T wanted{};
  int info = 0;
  run(&wanted, -1, &info);
  require_success(what, info);
  const double size = std::real(wanted);
  if (!(size <= std::numeric_limits<int>::max()))
    fail("{}: the matrix is too large for LAPACK, which wants {:.3g} numbers of scratch memory", what, size);
  std::vector<T> work(static_cast<std::size_t>(std::max(size, 1.0)));
  run(work.data(), static_cast<int>(work.size()), &info);
  require_success(what, info);
}

}  // namespace fanin::linalg::lapack
