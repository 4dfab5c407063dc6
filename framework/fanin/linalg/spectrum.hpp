#pragma once
#include <span>

namespace fanin::linalg {

/// exp of the entropy of the values as shares of their sum (Roy & Vetterli 2007, The effective rank): k for k
/// equal ones, 0 when all are 0. Negative ones count as 0. The paper's values are singular values; of
/// eigenvalues of a covariance they are shares of variance.
double effective_rank(std::span<const double> values);

}  // namespace fanin::linalg
