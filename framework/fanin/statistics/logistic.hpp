#pragma once
#include <span>
#include <vector>

namespace fanin::statistics {

/// The probability of an outcome as a function of some measures: 1 / (1 + exp(-(intercept + weights · x))).
struct Logistic {
  double intercept = 0;              ///< of the log odds
  std::vector<double> weights = {};  ///< of the measures, one each

  /// intercept + weights · x: above 0 the outcome is the likelier. Error for another number of measures.
  double log_odds(std::span<const double> x) const;
  /// Of the outcome, 0..1; the Error of `log_odds`.
  double probability(std::span<const double> x) const;
};

/// Logistic regression by Newton's method (iteratively reweighted least squares; McCullagh & Nelder 1989)
/// of `outcomes`, 0 or 1, on `rows` of measures, one row each. The likelihood is penalized by ridge/2 times
/// the sum of the squares of the weights, each in units of its measure's standard deviation (le Cessie &
/// van Houwelingen 1992), so that rows which can be told apart perfectly have finite weights; the intercept
/// is free. Measures without spread get the weight 0. Error for no rows, rows of different length, measures
/// that are not finite, and a ridge that is not positive.
Logistic logistic_fit(const std::vector<std::vector<double>>& rows, const std::vector<bool>& outcomes,
                      double ridge = 1);

}  // namespace fanin::statistics
