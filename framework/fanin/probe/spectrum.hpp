#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace fanin::probe {

/// The eigenvalues, largest first, of a symmetric matrix [n, n] (row-major; only the upper half is read), by
/// cyclic Jacobi rotations (Golub & Van Loan, Matrix Computations, 8.5): slow for large n, exact to rounding
/// for small. Error when sizes disagree or an element is not finite.
std::vector<double> symmetric_eigenvalues(std::vector<double> matrix, std::size_t n);

/// A·Aᵀ, [n, n], of a matrix A [n, width]; all row-major. Error when sizes disagree.
std::vector<double> gram(std::span<const double> a, std::size_t n, std::size_t width);

/// The singular values, largest first, of a matrix [n, width] with few rows: roots of the eigenvalues of
/// A·Aᵀ, so those below 1e-8 of the largest are lost in rounding.
std::vector<double> singular_values(std::span<const double> a, std::size_t n, std::size_t width);

/// exp of the entropy of the eigenvalues as shares of their sum (Roy & Vetterli 2007): k for k equal ones, 0
/// when all are 0. Negative ones count as 0.
double effective_rank(std::span<const double> eigenvalues);

}  // namespace fanin::probe
