#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fanin/statistics/statistics.hpp>

#include "examples/claims/claim.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {

/// What the claim that a net trains from one scheme and stalls from another comes to: the worst seed of the
/// first against the best of the second.
class TrainsAndStalls {
 public:
  /// `first` is a prediction of the claim's own.
  static std::vector<Prediction> predictions(const std::string& trains, const std::string& stalls,
                                             const Prediction& first);
  void add(const Course& trains, const Course& stalls);
  /// In the order of the predictions, behind what was seen of the first.
  std::vector<double> figures(double first) const {
    return {first, accuracy_, loss_, other_accuracy_, other_loss_};
  }

 private:
  double accuracy_ = 1, loss_ = 0, other_accuracy_ = 0, other_loss_ = 1e9;
};

/// One figure a seed, `accuracy(rate, i)` for seed i, at the learning rate that is best in the mean.
std::vector<double> best_in_mean(std::span<const double> rates, int seeds,
                                 const std::function<double(double rate, int i)>& accuracy);

/// By how many points accuracies lead others of the same seeds.
statistics::PairedTest lead(const std::vector<double>& mine, const std::vector<double>& others);

}  // namespace fanin::claims
