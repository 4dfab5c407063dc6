#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/remaining.hpp>

namespace fanin::compare {

void Remaining::under_way(const std::string& run, const std::string& model, double share, double now) {
  UnderWay& one = under_way_.try_emplace(run, UnderWay{.model = model, .begun = now}).first->second;
  one.share = std::clamp(share, 0.0, 1.0);
  one.told = now;
}

void Remaining::ended(const std::string& run, const std::string& model, double now) {
  Seen& seen = seen_[model];
  ++seen.ended;
  const auto found = under_way_.find(run);
  if (found == under_way_.end()) return;
  ++seen.timed;
  seen.seconds += now - found->second.begun;
  under_way_.erase(found);
}

std::optional<double> Remaining::UnderWay::whole() const {
  constexpr double enough_to_say = 0.02;
  if (share < enough_to_say || told <= begun) return std::nullopt;
  return (told - begun) / share;
}

std::optional<double> Remaining::cost_of(const std::string& model) const {
  // The model's own finished runs say most, then its runs under way, then other models'.
  if (const auto found = seen_.find(model); found != seen_.end() && found->second.timed > 0)
    return found->second.seconds / found->second.timed;
  double own = 0, all = 0;
  int own_count = 0, all_count = 0;
  for (const auto& entry : under_way_) {
    const auto whole = entry.second.whole();
    if (!whole) continue;
    all += *whole, ++all_count;
    if (entry.second.model == model) own += *whole, ++own_count;
  }
  if (own_count > 0) return own / own_count;
  for (const auto& entry : seen_) all += entry.second.seconds, all_count += entry.second.timed;
  if (all_count == 0) return std::nullopt;
  return all / all_count;
}

std::optional<double> Remaining::seconds(double now) const {
  double work = 0, longest = 0;
  std::map<std::string, int> waiting = runs_;
  for (const auto& entry : seen_) waiting[entry.first] -= entry.second.ended;
  for (const auto& entry : under_way_) {
    const UnderWay& one = entry.second;
    --waiting[one.model];
    const auto whole = one.whole() ? one.whole() : cost_of(one.model);
    if (!whole) return std::nullopt;
    const double left = std::max(0.0, *whole * (1 - one.share) - (now - one.told));
    work += left;
    longest = std::max(longest, left);
  }
  for (const auto& entry : waiting) {
    if (entry.second <= 0) continue;
    const auto cost = cost_of(entry.first);
    if (!cost) return std::nullopt;
    work += entry.second * *cost;
    longest = std::max(longest, *cost);
  }
  return std::max(longest, work / std::max(1, jobs_));
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e12)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600)
    return whole % 60 == 0 ? fmt::format("{} min", whole / 60)
                           : fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace fanin::compare
