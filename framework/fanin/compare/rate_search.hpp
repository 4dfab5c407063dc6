#pragma once
#include <cstddef>
#include <map>
#include <vector>

namespace fanin::compare {

/// What runs at one learning rate showed: means over them, on images that choose.
struct RateScore {
  double accuracy;  ///< 0..1; a run that diverged or failed counts with chance level
  double loss;      ///< nats; infinite where one diverged or failed
};

/// Learning rates that were tried alike, each with its score.
using RateScores = std::map<double, RateScore>;

/// Six rates about `rate`, which is the fourth: × 0.03, 0.1, 0.3, 1, 3 and 10, as whoever tunes by hand tries.
std::vector<double> rates_about(double rate);

/// A round of successive halving: each of `rates` learning rates gets as much.
struct HalvingRound {
  std::size_t rates;  ///< still in the race
  int seeds;          ///< runs of each, with seeds that no other round has
  double share;       ///< of a whole run's steps, that each of those runs has
};

/// Successive halving (Karnin, Koren & Somekh 2013; for fitting hyper-parameters Jamieson & Talwalkar 2016):
/// ⌈log₂ rates⌉ rounds, each with an equal part of `budget`, after each of which the better half goes on. The
/// budget is in whole runs, and never exceeded: 8 rates with a budget of 3 get 8 × ⅛, 4 × ¼ and 2 × ½ run.
/// None for a single rate. Error for none, or a budget below 1.
std::vector<HalvingRound> halving_rounds(std::size_t rates, int budget);

/// The best `count` rates, best first: by accuracy, where that is above `guessing`; what does no better counts
/// as alike and is told apart by its loss. Of equal ones the lower rate is the better.
std::vector<double> best_rates(const RateScores& scores, std::size_t count, double guessing);

/// The rate to try after these: as far beyond the end as the axis goes in its last step, but no more than ten
/// times, where the best lies at an end; else halfway (geometrically) from the best to the better of its
/// neighbours. To two digits. So every scheme gets as many trials, where they serve it best. Nothing is tried
/// beyond 10⁻⁷ and 10³. Error for fewer than two rates.
double next_rate(const RateScores& scores, double guessing);

}  // namespace fanin::compare
