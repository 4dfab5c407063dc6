#include <algorithm>

#include <fanin/compare/summary.hpp>
#include <fanin/compare/until.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t fewest_seeds = 3;  // two tell too little of their spread

bool narrow(const Settings& settings, const Pairs& pairs) {
  const auto& differences = pairs.differences;
  if (differences.size() < 2) return false;
  const bool equal = std::all_of(differences.begin(), differences.end(),
                                 [&](double difference) { return difference == differences.front(); });
  return equal || statistics::mean_interval(differences, confidence_level(settings), {-1, 1}).half_width() <=
                      settings.until;
}

}  // namespace

std::vector<std::size_t> looks(std::size_t seeds) {
  std::vector<std::size_t> counts = {seeds};
  while ((counts.back() + 1) / 2 >= fewest_seeds) counts.push_back((counts.back() + 1) / 2);
  std::reverse(counts.begin(), counts.end());
  return counts;
}

std::vector<Group> unsettled(const Settings& settings, const std::vector<Run>& runs) {
  const std::string baseline = default_scheme(settings, runs);
  std::vector<Group> open;
  const bool tuned =
      std::any_of(runs.begin(), runs.end(), [](const Run& r) { return r.rate == RatePick::own; });
  for (const std::string& model : settings.models) {
    for (const RatePick rate : {RatePick::common, RatePick::own}) {
      if (rate == RatePick::own && !tuned) continue;
      const Group reference{model, baseline, rate};
      const std::size_t before = open.size();
      for (const std::string& scheme : settings.schemes) {
        const Group group{model, scheme, rate};
        if (group != reference && !narrow(settings, paired_runs(settings, runs, group, reference)))
          open.push_back(group);
      }
      if (open.size() > before) open.push_back(reference);
    }
  }
  return open;
}

}  // namespace fanin::compare
