#pragma once
#include <vector>

#include <fanin/linalg/matrix.hpp>

namespace fanin::linalg {

/// The singular values of `a`, largest first, min(rows, columns) of them, by LAPACK's gesdd: each within a
/// few roundings of the largest. Error when an element is not finite, or OpenBLAS is not at hand
/// (core/openblas).
std::vector<double> singular_values(Matrix a);
std::vector<double> singular_values(ComplexMatrix a);  ///< the same of a complex matrix

/// a = u · diag(values) · vt, with k = min(rows, columns).
struct Svd {
  Matrix u = {};                    ///< [rows, k], orthonormal columns
  std::vector<double> values = {};  ///< k of them, largest first
  Matrix vt = {};                   ///< [k, columns], orthonormal rows
};
/// The singular value decomposition by gesdd; Error as above.
Svd svd(Matrix a);

}  // namespace fanin::linalg
