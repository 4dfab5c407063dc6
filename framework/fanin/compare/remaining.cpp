#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/remaining.hpp>

namespace fanin::compare {

void Remaining::under_way(const std::string& run, const std::string& model, double share, double now,
                          double work) {
  const UnderWay begun{.model = model, .work = work, .begun = now};
  UnderWay& one = under_way_.try_emplace(run, begun).first->second;
  one.share = std::clamp(share, 0.0, 1.0);
  one.told = now;
}

void Remaining::ended(const std::string& run, const std::string& model, double now, double work,
                      double took) {
  Seen& seen = seen_[model];
  const auto found = under_way_.find(run);
  if (found == under_way_.end()) {
    seen.ended += work;
    if (took > 0) seen.timed += work, seen.seconds += took;
    return;
  }
  seen.ended += found->second.work;
  seen.timed += found->second.work;
  seen.seconds += took > 0 ? took : now - found->second.begun;
  under_way_.erase(found);
}

std::map<std::string, double> Remaining::waiting() const {
  std::map<std::string, double> waiting = work_;
  for (const auto& entry : seen_) waiting[entry.first] -= entry.second.ended;
  for (const auto& entry : under_way_) waiting[entry.second.model] -= entry.second.work;
  for (auto& entry : waiting) entry.second = std::max(0.0, entry.second);
  return waiting;
}

void Remaining::left(double work) {
  for (const auto& entry : under_way_) work -= entry.second.work;
  double all = 0;
  const auto before = waiting();
  for (const auto& entry : before) all += entry.second;
  if (all <= 0) return;
  for (const auto& entry : before) work_[entry.first] += entry.second * (std::max(0.0, work) / all - 1);
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
  double own = 0, all = 0, own_work = 0, all_work = 0;
  for (const auto& entry : under_way_) {
    const auto whole = entry.second.whole();
    if (!whole) continue;
    all += *whole, all_work += entry.second.work;
    if (entry.second.model == model) own += *whole, own_work += entry.second.work;
  }
  if (own_work > 0) return own / own_work;
  for (const auto& entry : seen_) all += entry.second.seconds, all_work += entry.second.timed;
  if (all_work <= 0) return std::nullopt;
  return all / all_work;
}

std::optional<double> Remaining::seconds(double now) const {
  constexpr double nothing = 1e-9;  // of a run: what rounding leaves
  double work = 0, longest = 0;
  for (const auto& entry : under_way_) {
    const UnderWay& one = entry.second;
    auto whole = one.whole();
    if (const auto cost = cost_of(one.model); !whole && cost) whole = one.work * *cost;
    if (!whole) return std::nullopt;
    const double left = std::max(0.0, *whole * (1 - one.share) - (now - one.told));
    work += left;
    longest = std::max(longest, left);
  }
  for (const auto& entry : waiting()) {
    if (entry.second <= nothing) continue;
    const auto cost = cost_of(entry.first);
    if (!cost) return std::nullopt;
    work += entry.second * *cost;
    longest = std::max(longest, std::min(1.0, entry.second) * *cost);
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
