#pragma once
#include <map>
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// What a summary is of: the runs of one scheme on one model.
struct Group {
  std::string model;                 ///< a subject's name
  std::string scheme;                ///< its label
  RatePick rate = RatePick::common;  ///< of its runs
  bool operator==(const Group&) const = default;
};

/// Whether a run is of the group.
bool belongs(const Run& run, const Group& group);

/// Whether a run diverged or failed: its weights predict nothing.
bool is_dead(const Run& run);

/// The test accuracy a run counts with: its own; exactly chance level (1 / classes) for one that is dead, as
/// what it hits by luck is no difference between schemes, and nothing may look better by failing; `unknown`
/// for one that was interrupted, which does not count.
double counted_accuracy(const Settings& settings, const Run& run);

/// A group's runs that count, by seed; a seed that was run twice counts once, with its first run.
std::map<std::uint64_t, const Run*> counted_runs(const Settings& settings, const std::vector<Run>& runs,
                                                 const Group& group);

/// The runs of two groups with the same seeds, in the seeds' order.
struct Pairs {
  std::vector<double> first, second;  ///< counted accuracies
  std::vector<double> differences;    ///< first − second
  double wins = 0;                    ///< of the first; a tie is half a one, and a dead run wins nothing
};
/// Pairs them.
Pairs paired_runs(const Settings& settings, const std::vector<Run>& runs, const Group& first,
                  const Group& second);

}  // namespace fanin::compare
