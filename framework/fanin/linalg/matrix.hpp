#pragma once
#include <complex>
#include <cstddef>
#include <vector>

namespace fanin::linalg {

/// A dense matrix, row-major: element (i, j) is values[i · columns + j].
template <class T>
struct MatrixOf {
  std::size_t rows = 0;        ///< how many
  std::size_t columns = 0;     ///< in each row
  std::vector<T> values = {};  ///< rows · columns of them

  /// All zero.
  static MatrixOf zeros(std::size_t rows, std::size_t columns) {
    return {rows, columns, std::vector<T>(rows * columns)};
  }
  T& operator()(std::size_t i, std::size_t j) { return values[i * columns + j]; }              ///< an element
  const T& operator()(std::size_t i, std::size_t j) const { return values[i * columns + j]; }  ///< an element
};

using Matrix = MatrixOf<double>;                       ///< of real numbers
using ComplexMatrix = MatrixOf<std::complex<double>>;  ///< of complex numbers

/// The matrix with rows and columns exchanged.
template <class T>
MatrixOf<T> transposed(const MatrixOf<T>& a) {
  auto b = MatrixOf<T>::zeros(a.columns, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < a.columns; ++j) b(j, i) = a(i, j);
  return b;
}

}  // namespace fanin::linalg
