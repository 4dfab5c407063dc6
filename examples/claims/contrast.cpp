#include "examples/claims/contrast.hpp"

#include <algorithm>
#include <cmath>

namespace fanin::claims {

std::vector<Prediction> TrainsAndStalls::predictions(const std::string& trains, const std::string& stalls,
                                                     const Prediction& first) {
  return {first,
          {.what = trains + ": least test accuracy of the seeds",
           .formula = "2.5 × chance",
           .figure = 0.25,
           .relation = Relation::at_least},
          {.what = trains + ": largest loss of the seeds (last 20 steps)",
           .formula = "ln 10 - 0.3",
           .figure = std::log(10.0) - 0.3,
           .relation = Relation::at_most},
          {.what = stalls + ": largest test accuracy of the seeds",
           .formula = "1.5 × chance",
           .figure = 0.15,
           .relation = Relation::at_most},
          {.what = stalls + ": least loss of the seeds (last 20 steps)",
           .formula = "ln 10",
           .figure = std::log(10.0),
           .share = 0.01}};
}

void TrainsAndStalls::add(const Course& trains, const Course& stalls) {
  accuracy_ = std::min(accuracy_, trains.test_accuracy);
  loss_ = std::max(loss_, trains.last_loss());
  other_accuracy_ = std::max(other_accuracy_, stalls.test_accuracy);
  other_loss_ = std::min(other_loss_, stalls.last_loss());
}

std::vector<double> best_in_mean(std::span<const double> rates, int seeds,
                                 const std::function<double(double rate, int i)>& accuracy) {
  std::vector<double> best;
  for (const double rate : rates) {
    std::vector<double> all;
    for (int i = 0; i < seeds; ++i) all.push_back(accuracy(rate, i));
    if (best.empty() || statistics::mean(all) > statistics::mean(best)) best = all;
  }
  return best;
}

statistics::PairedTest lead(const std::vector<double>& mine, const std::vector<double>& others) {
  std::vector<double> points(mine.size());
  std::transform(mine.begin(), mine.end(), others.begin(), points.begin(),
                 [](double own, double other) { return 100 * (own - other); });
  return statistics::paired_test(points);
}

}  // namespace fanin::claims
