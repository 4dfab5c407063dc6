#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/probe/recommend.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::probe {
namespace {

/// `steps` half decades from `lr`, on 1, 3, 10, 30, … times it.
double half_decades(double lr, int steps) {
  const int decades = steps >= 0 ? steps / 2 : -((1 - steps) / 2);
  const double rate = lr * std::pow(10, decades) * (steps - 2 * decades == 1 ? 3 : 1);
  return std::stod(fmt::format("{:.6g}", rate));  // 0.03, where the product is 0.030000000000000002
}

}  // namespace

const Outlook& RateChoice::best() const {
  return *std::max_element(tried.begin(), tried.end(),
                           [](const Outlook& a, const Outlook& b) { return a.log_odds < b.log_odds; });
}

double least_rate(double lr) { return half_decades(lr, 1 - most_rates); }

RateChoice choose_rate(nn::Module& model, const Probed& probed, const ProbeSetup& setup) {
  draw(model, init::Plan::parse(probed.plan), setup);
  RateChoice choice;
  choice.tried.push_back(probed.outlook);
  int place = 0;
  const auto try_at = [&](int half) {
    PlannedRun run = setup.run;
    run.lr = half_decades(setup.run.lr, half);
    const RateTrial trial = try_rate(model, setup.batch, setup.steps, run.lr);
    return choice.tried.emplace_back(outlook(trial, run, probed.sharpness)).log_odds;
  };
  const auto room = [&] { return static_cast<int>(choice.tried.size()) < most_rates; };
  double odds = probed.outlook.log_odds;
  while (odds <= 0 && room()) odds = try_at(--place);
  // Below the planned rate the next one up is known not to train, so that only down is left to be tried.
  for (const int way : place == 0 ? std::vector<int>{1, -1} : std::vector<int>{-1}) {
    const int begun = place;
    while (room()) {
      const double next = try_at(place + way);
      if (next <= odds) break;
      odds = next;
      place += way;
    }
    if (place != begun) break;
  }
  return choice;
}

std::optional<Recommendation> recommend(nn::Module& model, const std::vector<Probed>& all,
                                        const ProbeSetup& setup) {
  if (all.empty()) return std::nullopt;
  std::vector<std::size_t> candidates(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) candidates[i] = i;
  const auto better = [&](std::size_t a, std::size_t b) {
    return all[a].outlook.log_odds > all[b].outlook.log_odds;
  };
  std::stable_sort(candidates.begin(), candidates.end(), better);
  if (all[candidates[0]].outlook.trains()) {
    candidates.resize(1);
  } else {
    constexpr std::size_t most = 3;
    std::stable_sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) {
      if (all[a].diagnosis.sound() != all[b].diagnosis.sound()) return all[a].diagnosis.sound();
      return imbalance(all[a].probe) < imbalance(all[b].probe);
    });
    candidates.resize(std::min(most, candidates.size()));
  }
  std::optional<Recommendation> best;
  for (const std::size_t i : candidates) {
    Recommendation one{.scheme = i, .rate = choose_rate(model, all[i], setup)};
    if (one.rate.best().trains() && (!best || one.rate.best().log_odds > best->rate.best().log_odds))
      best = std::move(one);
  }
  return best;
}

}  // namespace fanin::probe
