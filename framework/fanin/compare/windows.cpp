#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/compare/counted_runs.hpp>
#include <fanin/compare/windows.hpp>

namespace fanin::compare {
namespace {

constexpr double one_point = 0.01;
constexpr double rounding = 1e-9;  // of means that differ by just a point

struct AtRate {
  double sum = 0;
  int runs = 0;
  bool dead = false;
  double mean() const { return sum / runs; }
};

}  // namespace

Window window_of(const std::vector<RateTrial>& trials, double guessing) {
  std::map<double, AtRate> by_rate;
  for (const RateTrial& trial : trials) {
    AtRate& rate = by_rate[trial.lr];
    rate.sum += trial.accuracy;
    ++rate.runs;
    rate.dead = rate.dead || trial.dead;
  }
  Window window;
  if (by_rate.empty()) return window;
  const auto best = std::max_element(by_rate.begin(), by_rate.end(), [](const auto& a, const auto& b) {
    return a.second.mean() < b.second.mean();
  });
  window.best_lr = best->first;
  window.best_accuracy = best->second.mean();
  window.rates = static_cast<int>(by_rate.size());
  window.seeds = best->second.runs;
  window.at_edge = best == by_rate.begin() || std::next(best) == by_rate.end();
  auto stable = best;
  while (stable != by_rate.begin() && stable->second.dead) --stable;
  if (!stable->second.dead) {
    while (std::next(stable) != by_rate.end() && !std::next(stable)->second.dead) ++stable;
    window.largest_stable = stable->first;
  }
  if (window.best_accuracy <= guessing) return window;
  const auto good = [&](const auto& one) {
    return one->second.mean() >= window.best_accuracy - one_point - rounding;
  };
  auto low = best, high = best;
  while (low != by_rate.begin() && good(std::prev(low))) --low;
  while (std::next(high) != by_rate.end() && good(std::next(high))) ++high;
  window.low = low->first;
  window.high = high->first;
  window.factor = window.high / window.low;
  window.open_low = low == by_rate.begin();
  window.open_high = std::next(high) == by_rate.end();
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
