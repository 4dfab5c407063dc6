#pragma once
#include <fanin/linalg/matrix.hpp>

namespace fanin::linalg {

/// a = q · r, with k = min(rows, columns).
struct Qr {
  Matrix q = {};  ///< [rows, k], orthonormal columns
  Matrix r = {};  ///< [k, columns], zero below its diagonal, whose signs are LAPACK's: either
};
/// The QR factors of `a` by Householder reflections, LAPACK's geqrf and orgqr. Error when an element is not
/// finite, or OpenBLAS is not at hand (core/openblas).
Qr qr(const Matrix& a);

}  // namespace fanin::linalg
