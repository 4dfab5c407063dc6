#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include <fanin/compare/rate_search.hpp>
#include <fanin/core/fail.hpp>

namespace fanin::compare {
namespace {

constexpr double least_rate = 1e-7, largest_rate = 1e3;
constexpr double widest_step = 10;

/// To two significant digits; as it is where a rate so near was tried.
double rounded(double rate, const RateScores& tried) {
  const double round = std::strtod(fmt::format("{:.1e}", rate).c_str(), nullptr);
  return tried.contains(round) ? rate : round;
}

bool within(double rate) { return rate >= least_rate && rate <= largest_rate; }

}  // namespace

std::vector<double> rates_about(double rate) {
  std::vector<double> rates;
  for (const double factor : {0.03, 0.1, 0.3, 1.0, 3.0, 10.0})
    rates.push_back(std::strtod(fmt::format("{:.6g}", factor * rate).c_str(), nullptr));
  return rates;
}

std::vector<HalvingRound> halving_rounds(std::size_t rates, int budget) {
  if (rates < 1 || budget < 1)
    fail("successive halving: {} rates with a budget of {} runs, expected at least one of each", rates,
         budget);
  std::vector<std::size_t> left;
  for (std::size_t n = rates; n > 1; n = (n + 1) / 2) left.push_back(n);
  std::vector<HalvingRound> rounds;
  for (const std::size_t n : left) {
    const double each = static_cast<double>(budget) / static_cast<double>(n * left.size());
    rounds.push_back({n, std::max(1, static_cast<int>(each)), std::min(1.0, each)});
  }
  return rounds;
}

std::vector<double> best_rates(const RateScores& scores, std::size_t count, double guessing) {
  std::vector<double> rates;
  for (const auto& one : scores) rates.push_back(one.first);
  std::stable_sort(rates.begin(), rates.end(), [&](double a, double b) {
    const RateScore &first = scores.at(a), &second = scores.at(b);
    const double of_first = std::max(first.accuracy, guessing),
                 of_second = std::max(second.accuracy, guessing);
    return of_first != of_second ? of_first > of_second : first.loss < second.loss;
  });
  rates.resize(std::min(count, rates.size()));
  return rates;
}

double next_rate(const RateScores& scores, double guessing) {
  if (scores.size() < 2) fail("a search for learning rates begins with two at least, got {}", scores.size());
  const double best = best_rates(scores, 1, guessing).front();
  const auto at = scores.find(best);
  const bool lowest = at == scores.begin(), highest = std::next(at) == scores.end();
  if (lowest || highest) {
    const double neighbour = lowest ? std::next(at)->first : std::prev(at)->first;
    const double beyond = best * std::clamp(best / neighbour, 1 / widest_step, widest_step);
    if (within(beyond)) return rounded(beyond, scores);
    return rounded(std::sqrt(best * neighbour), scores);
  }
  const RateScores beside = {*std::prev(at), *std::next(at)};
  return rounded(std::sqrt(best * best_rates(beside, 1, guessing).front()), scores);
}

}  // namespace fanin::compare
