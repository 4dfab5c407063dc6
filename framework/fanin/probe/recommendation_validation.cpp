#include <algorithm>
#include <functional>

#include <fanin/probe/validation_runs.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::probe {
namespace {

struct JudgedModel {
  const char* text;
  bool held_out;  ///< was not looked at when the measure of imbalance was made
};

constexpr JudgedModel judged[] = {{"lenet", false},
                                  {"mlp(hidden=64-32)", false},
                                  {"conv_net(channels=4-8, hidden=32)", false},
                                  {"plain_net(depth=10, width=64, activation=relu)", false},
                                  {"plain_net(depth=12, width=64, activation=tanh)", false},
                                  {"plain_net(depth=24, width=96, activation=tanh)", false},
                                  {"lenet(activation=tanh, pool=avg)", true},
                                  {"mlp(hidden=128, activation=tanh)", true},
                                  {"vgg_small(width=4, stages=2, hidden=32)", true},
                                  {"plain_net(depth=6, width=64, activation=gelu)", true},
                                  {"plain_net(depth=14, width=96, activation=relu)", true},
                                  {"plain_net(depth=20, width=64, activation=tanh)", true}};

/// One scheme on one model: what the probe says of it at the first seed, and what training says at each.
struct Contender {
  std::size_t model;
  Probed probed;
  std::vector<double> accuracies;
  double mean() const { return statistics::mean(accuracies); }
};

std::vector<Contender> contenders(const ValidationSetup& setup, const ValidationRuns& runs) {
  const data::Batch batch = probe_batch(runs.data.training, 256, setup.seed);
  std::vector<Contender> all;
  for (std::size_t i = 0; i < std::size(judged); ++i) {
    const auto model = setup.build(judged[i].text);
    for (const auto& scheme : usual_schemes(*model)) {
      all.push_back({i, probe_scheme(*model, scheme, init::Plan::parse(scheme), batch, setup.seed, setup.lr),
                     std::vector<double>(static_cast<std::size_t>(setup.seeds))});
    }
  }
  return all;
}

void train(Contender& one, std::size_t run, const ValidationSetup& setup, const ValidationRuns& runs) {
  const std::uint64_t seed = setup.seed + run;
  const auto model = setup.build(judged[one.model].text);
  Generator generator(seed);
  start::initialize(*model, one.probed.scheme, generator);
  one.accuracies[run] = runs.accuracy_of(*model, seed);
}

RecommendationTrial trial_of(const std::vector<Contender>& all, std::size_t model) {
  std::vector<Probed> probed;
  std::vector<const Contender*> ranked;
  for (const auto& one : all) {
    if (one.model != model) continue;
    probed.push_back(one.probed);
    ranked.push_back(&one);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](auto* a, auto* b) { return a->mean() > b->mean(); });
  const Contender& best = *ranked.front();
  RecommendationTrial result{.model = judged[model].text, .held_out = judged[model].held_out, .best = {}};
  result.best = best.probed.scheme;
  result.best_accuracy = best.mean();
  result.of = ranked.size();
  const Probed* chosen = recommended(probed);
  if (chosen == nullptr) return result;
  result.recommended = chosen->scheme;
  const auto at = std::find_if(ranked.begin(), ranked.end(),
                               [&](auto* one) { return one->probed.scheme == chosen->scheme; });
  const Contender& it = **at;
  result.accuracy = it.mean();
  result.rank = 1 + static_cast<std::size_t>(std::count_if(
                        ranked.begin(), ranked.end(), [&](auto* one) { return one->mean() > it.mean(); }));
  std::vector<double> differences(it.accuracies.size());
  std::transform(best.accuracies.begin(), best.accuracies.end(), it.accuracies.begin(), differences.begin(),
                 std::minus<>());
  result.gap = statistics::mean(differences);
  result.error = statistics::sample_std(differences) / std::sqrt(static_cast<double>(differences.size()));
  return result;
}

}  // namespace

std::vector<RecommendationTrial> validate_recommendations(
    const ValidationSetup& setup,
    const std::function<void(const std::string&, const Probed&, double)>& done) {
  const ValidationRuns runs(setup);
  auto all = contenders(setup, runs);
  const auto seeds = static_cast<std::size_t>(setup.seeds);
  run_in_order(
      all.size() * seeds, setup.threads,
      [&](std::size_t i) { train(all[i / seeds], i % seeds, setup, runs); },
      [&](std::size_t i) {
        const Contender& one = all[i / seeds];
        if (done && (i + 1) % seeds == 0) done(judged[one.model].text, one.probed, one.mean());
      });
  std::vector<RecommendationTrial> trials;
  for (std::size_t i = 0; i < std::size(judged); ++i) trials.push_back(trial_of(all, i));
  return trials;
}

}  // namespace fanin::probe
