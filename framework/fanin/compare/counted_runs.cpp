#include <algorithm>
#include <cmath>

#include <fanin/compare/counted_runs.hpp>

namespace fanin::compare {

bool belongs(const Run& run, const Group& group) {
  return run.model == group.model && run.scheme == group.scheme && run.rate == group.rate;
}

bool is_dead(const Run& run) { return run.status == Status::diverged || run.status == Status::failed; }

double counted_accuracy(const Settings& settings, const Run& run) {
  if (run.status == Status::ok) return run.test_accuracy;
  return is_dead(run) ? 1.0 / static_cast<double>(std::max<Index>(1, settings.classes)) : unknown;
}

std::map<std::uint64_t, const Run*> counted_runs(const Settings& settings, const std::vector<Run>& runs,
                                                 const Group& group) {
  std::map<std::uint64_t, const Run*> result;
  for (const Run& run : runs) {
    if (belongs(run, group) && std::isfinite(counted_accuracy(settings, run))) result.emplace(run.seed, &run);
  }
  return result;
}

Pairs paired_runs(const Settings& settings, const std::vector<Run>& runs, const Group& first,
                  const Group& second) {
  Pairs pairs;
  const auto others = counted_runs(settings, runs, second);
  for (const auto& [seed, run] : counted_runs(settings, runs, first)) {
    const auto found = others.find(seed);
    if (found == others.end()) continue;
    const Run& other = *found->second;
    pairs.first.push_back(counted_accuracy(settings, *run));
    pairs.second.push_back(counted_accuracy(settings, other));
    const double difference = pairs.first.back() - pairs.second.back();
    pairs.differences.push_back(difference);
    const bool decided = difference != 0 && !is_dead(difference > 0 ? *run : other);
    pairs.wins += decided ? (difference > 0 ? 1 : 0) : 0.5;
  }
  return pairs;
}

}  // namespace fanin::compare
