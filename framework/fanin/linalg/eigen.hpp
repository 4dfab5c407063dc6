#pragma once
#include <vector>

#include <fanin/linalg/matrix.hpp>

namespace fanin::linalg {

/// The eigenvalues, largest first, of a symmetric matrix, of which only the upper half is read, by LAPACK's
/// syevd. Error when it is not square, an element is not finite, or OpenBLAS is not at hand (core/openblas).
std::vector<double> symmetric_eigenvalues(Matrix a);

/// a = vectorsᵀ · diag(values) · vectors.
struct Eigen {
  std::vector<double> values = {};  ///< largest first
  Matrix vectors = {};              ///< in its rows, in the order of `values`, orthonormal
};
/// Eigenvalues and eigenvectors of a symmetric matrix, as above.
Eigen symmetric_eigen(Matrix a);

}  // namespace fanin::linalg
