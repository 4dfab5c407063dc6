#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/statistics/statistics.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/probe_validation.hpp"

namespace fanin::program {
namespace {

struct Setting {
  const char* model;
  bool held_out;  ///< was not looked at when the measure of imbalance was made
};

constexpr Setting settings[] = {{"lenet", false},
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
  std::size_t setting;
  probe::Probed probed;
  std::vector<double> accuracies;
  double mean() const { return statistics::mean(accuracies); }
};

std::vector<Contender> contenders(const datasets::Splits& data, const ValidationOptions& options) {
  const data::Batch batch = probe::probe_batch(data.train, 256, options.seed);
  std::vector<Contender> all;
  for (std::size_t i = 0; i < std::size(settings); ++i) {
    const auto model = models::build(settings[i].model, input_of(data.train));
    for (const auto& scheme : usual_schemes(*model)) {
      Contender& one =
          all.emplace_back(Contender{i, probe_scheme(*model, scheme, batch, options.seed, options.lr), {}});
      one.accuracies.resize(static_cast<std::size_t>(options.seeds));
    }
  }
  return all;
}

void train(Contender& one, std::size_t run, const datasets::Splits& data, const ValidationOptions& options) {
  const std::uint64_t seed = options.seed + run;
  const auto model = models::build(settings[one.setting].model, input_of(data.train));
  Generator generator(seed);
  start::initialize(*model, one.probed.scheme, generator);
  one.accuracies[run] = accuracy_after_training(*model, data, seed, options.lr);
}

/// How the recommended scheme of one model did.
struct Outcome {
  std::string recommended, best;
  double accuracy = NAN, best_accuracy = 0;
  double gap = NAN,
         error = NAN;  ///< to the best: mean of the paired differences over the seeds, and its standard error
  std::size_t rank = 0, of = 0;
};

Outcome outcome(const std::vector<Contender>& all, std::size_t setting) {
  std::vector<probe::Probed> probed;
  std::vector<const Contender*> ranked;
  for (const auto& one : all) {
    if (one.setting != setting) continue;
    probed.push_back(one.probed);
    ranked.push_back(&one);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](auto* a, auto* b) { return a->mean() > b->mean(); });
  const Contender& best = *ranked.front();
  Outcome result;
  result.best = best.probed.scheme;
  result.best_accuracy = best.mean();
  result.of = ranked.size();
  const probe::Probed* chosen = probe::recommended(probed);
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

void validate_plan(const ValidationOptions& options) {
  const datasets::Splits data = validation_splits(options.data);
  const auto started = std::chrono::steady_clock::now();
  auto all = contenders(data, options);
  const auto seeds = static_cast<std::size_t>(options.seeds);
  run_in_order(
      all.size() * seeds, options.threads,
      [&](std::size_t i) { train(all[i / seeds], i % seeds, data, options); },
      [&](std::size_t i) {
        if (options.json || (i + 1) % seeds != 0) return;
        const Contender& one = all[i / seeds];
        note("{:<50} {:<32} {:>7}  {}\n", settings[one.setting].model, one.probed.scheme, percent(one.mean()),
             one.probed.diagnosis.to_string());
      });
  text::TextTable table({{"model"},
                         {"recommended"},
                         {"accuracy", true},
                         {"rank", true},
                         {"best"},
                         {"accuracy", true},
                         {"gap, points", true}});
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  double total[2] = {0, 0};
  int within[2] = {0, 0}, count[2] = {0, 0};
  for (std::size_t i = 0; i < std::size(settings); ++i) {
    const Outcome o = outcome(all, i);
    const int half = settings[i].held_out;
    ++count[half];
    total[half] += std::isnan(o.gap) ? o.best_accuracy : o.gap;
    within[half] += o.gap <= o.error;
    table.add({fmt::format("{}{}", settings[i].model, half ? " (H)" : ""),
               o.recommended.empty() ? "none" : o.recommended, percent(o.accuracy),
               fmt::format("{} of {}", o.rank, o.of), o.best, percent(o.best_accuracy),
               fmt::format("{:.1f} ± {:.1f}", 100 * o.gap, 100 * o.error)});
    list.push_back({{"model", settings[i].model},
                    {"held_out", settings[i].held_out},
                    {"recommended", o.recommended},
                    {"accuracy", o.accuracy},
                    {"rank", o.rank},
                    {"schemes", o.of},
                    {"best", o.best},
                    {"best_accuracy", o.best_accuracy},
                    {"gap", o.gap},
                    {"standard_error", o.error}});
  }
  if (options.json) {
    say("{}\n", list.dump(2));
    return;
  }
  say("{}\n10 epochs at lr {} on {} images of {}, seeds {} to {}; gap: mean and standard error of the "
      "difference to the best scheme, seed by seed; {:.0f} s\n",
      table.to_string(), options.lr, data.train.count, options.data, options.seed, options.seed + seeds - 1,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  for (const int half : {0, 1})
    say("{}: {} of {} within one standard error of the best, mean gap {:.1f} points\n",
        half ? "held-out models (H)" : "models the measure was made on", within[half], count[half],
        100 * total[half] / count[half]);
}

}  // namespace fanin::program
