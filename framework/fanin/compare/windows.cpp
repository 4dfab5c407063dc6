#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/compare/counted_runs.hpp>
#include <fanin/compare/windows.hpp>
#include <fanin/core/fail.hpp>

namespace fanin::compare {
namespace {

constexpr double one_point = 0.01;
constexpr double rounding = 1e-9;  // of means that differ by just a point

/// A rate's runs in the last round that it was in.
struct AtRate {
  int round = 0;
  double sum = 0;
  int runs = 0;
  bool dead = false;  // in any round
  double mean() const { return sum / runs; }
};

std::map<double, AtRate> by_rate(const std::vector<RateTrial>& trials) {
  std::map<double, AtRate> rates;
  for (const RateTrial& trial : trials) {
    AtRate& rate = rates[trial.lr];
    if (trial.round > rate.round) rate = {.round = trial.round, .dead = rate.dead};
    rate.dead = rate.dead || trial.dead;
    if (trial.round < rate.round) continue;
    rate.sum += trial.accuracy;
    ++rate.runs;
  }
  return rates;
}

/// The highest mean in each round, over all rates that were in it.
std::map<int, double> best_of_rounds(const std::vector<RateTrial>& trials) {
  std::map<int, std::map<double, AtRate>> rounds;
  for (const RateTrial& trial : trials) {
    AtRate& rate = rounds[trial.round][trial.lr];
    rate.sum += trial.accuracy;
    ++rate.runs;
  }
  std::map<int, double> best;
  for (const auto& round : rounds) {
    for (const auto& rate : round.second) best[round.first] = std::max(best[round.first], rate.second.mean());
  }
  return best;
}

}  // namespace

Window window_of(const std::vector<RateTrial>& trials, double guessing, std::optional<double> best_lr) {
  const auto rates = by_rate(trials);
  const auto best_mean = best_of_rounds(trials);
  Window window;
  if (rates.empty()) return window;
  const auto best = best_lr ? rates.find(*best_lr)
                            : std::max_element(rates.begin(), rates.end(), [](const auto& a, const auto& b) {
                                if (a.second.round != b.second.round) return a.second.round < b.second.round;
                                return a.second.mean() < b.second.mean();
                              });
  if (best == rates.end()) fail("a window's best rate, {}, is none that was tried", *best_lr);
  window.best_lr = best->first;
  window.best_accuracy = best->second.mean();
  window.rates = static_cast<int>(rates.size());
  window.seeds = best->second.runs;
  window.at_edge = best == rates.begin() || std::next(best) == rates.end();
  auto stable = best;
  while (stable != rates.begin() && stable->second.dead) --stable;
  if (!stable->second.dead) {
    while (std::next(stable) != rates.end() && !std::next(stable)->second.dead) ++stable;
    window.largest_stable = stable->first;
  }
  if (window.best_accuracy <= guessing) return window;
  const auto good = [&](const auto& one) {
    return one->second.mean() >= best_mean.at(one->second.round) - one_point - rounding;
  };
  auto low = best, high = best;
  while (low != rates.begin() && good(std::prev(low))) --low;
  while (std::next(high) != rates.end() && good(std::next(high))) ++high;
  window.low = low->first;
  window.high = high->first;
  window.factor = window.high / window.low;
  window.open_low = low == rates.begin();
  window.open_high = std::next(high) == rates.end();
  return window;
}

std::vector<Window> windows_of(const std::vector<Subject>& subjects, const std::vector<std::string>& schemes,
                               const std::vector<Run>& runs, double guessing) {
  std::vector<std::string> groups;
  std::map<std::string, std::string> group_of;  // a subject's, by its name
  for (const Subject& subject : subjects) {
    if (!subject.lr) continue;
    group_of[subject.name] = subject.window;
    if (std::find(groups.begin(), groups.end(), subject.window) == groups.end())
      groups.push_back(subject.window);
  }
  std::vector<Window> windows;
  for (const std::string& group : groups) {
    for (const std::string& scheme : schemes) {
      std::vector<RateTrial> trials;
      for (const Run& run : runs) {
        const auto found = group_of.find(run.model);
        if (found == group_of.end() || found->second != group || run.scheme != scheme) continue;
        if (std::isfinite(run.validation_accuracy))
          trials.push_back({run.lr, run.validation_accuracy, is_dead(run)});
      }
      if (trials.empty()) continue;
      windows.push_back(window_of(trials, guessing));
      windows.back().subject = group;
      windows.back().scheme = scheme;
    }
  }
  return windows;
}

}  // namespace fanin::compare
