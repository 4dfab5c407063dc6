#include "examples/fanin/probe_validation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/text_table.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// "… at lr 0.1 on 3200 images of …": how the runs were trained.
std::string training_text(const probe::ValidationSetup& setup, const std::string& data) {
  return fmt::format("at lr {} on {} images of {}", setup.lr,
                     std::min(probe::validation_images, setup.data.training.count), data);
}

std::string seeds_text(const probe::ValidationSetup& setup) {
  return fmt::format("seeds {} to {}", setup.seed, setup.seed + static_cast<std::uint64_t>(setup.seeds) - 1);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string line(const std::string& what, const probe::VerdictScore& s) {
  return fmt::format(
      "{:<23} {:>3} train as foretold, {:>3} fail as foretold, {:>2} fail unforetold, {:>2} train against the verdict: precision {:.3f}, recall {:.3f}\n",
      what, s.right_trains, s.right_fails, s.wrong_trains, s.wrong_fails, s.precision(), s.recall());
}

/// The measures that the verdict goes by, at their worst over the layers.
std::string worst(const probe::Probe& probe) {
  double share = INFINITY, low = INFINITY, high = 0, step = 0;
  for (std::size_t i = 0; i < probe.layers.size(); ++i) {
    if (i + 1 < probe.layers.size()) share = std::min(share, probe::signal_share(probe.layers[i]));
    const double ratio = probe::measure(probe, i, "gradient ratio");
    low = std::min(low, ratio), high = std::max(high, ratio), step = std::max(step, probe.layers[i].step);
  }
  return fmt::format(
      "signal share {:.1e} gradient ratio {:.1e}..{:.1e} step {:.1e} logits {:.1e} stretch {:.2g} rank {:.1f}",
      share, low, high, step, probe.layers.back().std, probe::stretch_spread(probe),
      probe::least_rank(probe));
}

void print_trial(const probe::Trial& t) {
  say("{} {} {:<55} {:<30} {:>7}  {:<22} {}\n", t.missed() ? '!' : ' ', t.held_out ? 'H' : ' ', t.model,
      t.scheme, share_text(t.accuracy), t.diagnosis.to_string(), worst(t.probe));
  flush_output();
}

ordered_json verdicts_json(const probe::VerdictValidation& result) {
  const auto score = [](const probe::VerdictScores& s) {
    return ordered_json{{"precision", s.runs.precision()},
                        {"recall", s.runs.recall()},
                        {"pairs_precision", s.pairs.precision()},
                        {"pairs_recall", s.pairs.recall()}};
  };
  ordered_json trials = ordered_json::array();
  for (const auto& t : result.trials) {
    trials.push_back({{"model", t.model},
                      {"scheme", t.scheme},
                      {"held_out", t.held_out},
                      {"seed", t.seed},
                      {"verdict", t.diagnosis.to_string()},
                      {"predicted", t.diagnosis.trains()},
                      {"accuracy", t.accuracy},
                      {"trains", t.trains()}});
  }
  return {{"trials", trials},
          {"all", score(result.all)},
          {"fitted", score(result.fitted)},
          {"held_out", score(result.held_out)}};
}

}  // namespace

void validate_probe(const probe::ValidationSetup& setup, const std::string& data, bool only_held_out,
                    bool json) {
  const auto started = Clock::now();
  const auto result = probe::validate_verdicts(setup, only_held_out, [json](const probe::Trial& t) {
    if (!json) print_trial(t);
  });
  if (json) return say("{}\n", verdicts_json(result).dump(2));
  say("\n{} (model, scheme) pairs, {}; trains: test accuracy ≥ {:.0f}% after {} epochs {}; {:.0f} s\n",
      result.trials.size() / static_cast<std::size_t>(setup.seeds), seeds_text(setup),
      100 * probe::trained_accuracy, probe::validation_epochs, training_text(setup, data),
      seconds_since(started));
  for (const auto& [name, scores] : {std::pair{"thresholds' own", result.fitted},
                                     {"held out (H)", result.held_out},
                                     {"all", result.all}}) {
    if (scores.pairs.count() == 0) continue;
    say("{}", line(fmt::format("{}, runs", name), scores.runs));
    if (setup.seeds > 1) say("{}", line(fmt::format("{}, pairs", name), scores.pairs));
  }
  for (const auto& t : result.trials) {
    if (t.missed())
      say("miss: {}, {}, seed {}: {} after \"{}\"\n", t.model, t.scheme, t.seed, share_text(t.accuracy),
          t.diagnosis.to_string());
  }
}

void validate_plan(const probe::ValidationSetup& setup, const std::string& data, bool json) {
  const auto started = Clock::now();
  const auto trials = probe::validate_recommendations(
      setup, [json](const std::string& model, const probe::Probed& probed, double accuracy) {
        if (!json)
          note("{:<50} {:<32} {:>7}  {}\n", model, probed.scheme, share_text(accuracy),
               probed.diagnosis.to_string());
      });
  text::TextTable table({{"model"},
                         {"recommended"},
                         {"accuracy", true},
                         {"rank", true},
                         {"best"},
                         {"accuracy", true},
                         {"gap, points", true}});
  ordered_json list = ordered_json::array();
  double total[2] = {0, 0};
  int within[2] = {0, 0}, count[2] = {0, 0};
  for (const auto& t : trials) {
    const int half = t.held_out;
    ++count[half];
    total[half] += std::isnan(t.gap) ? t.best_accuracy : t.gap;
    within[half] += t.gap <= t.error;
    table.add({t.model + (t.held_out ? " (H)" : ""), t.recommended.empty() ? "none" : t.recommended,
               share_text(t.accuracy), fmt::format("{} of {}", t.rank, t.of), t.best,
               share_text(t.best_accuracy), fmt::format("{:.1f} ± {:.1f}", 100 * t.gap, 100 * t.error)});
    list.push_back({{"model", t.model},
                    {"held_out", t.held_out},
                    {"recommended", t.recommended},
                    {"accuracy", t.accuracy},
                    {"rank", t.rank},
                    {"schemes", t.of},
                    {"best", t.best},
                    {"best_accuracy", t.best_accuracy},
                    {"gap", t.gap},
                    {"standard_error", t.error}});
  }
  if (json) return say("{}\n", list.dump(2));
  say("{}\n{} epochs {}, {}; gap: mean and standard error of the difference to the best scheme, seed by seed; {:.0f} s\n",
      table.to_string(), probe::validation_epochs, training_text(setup, data), seeds_text(setup),
      seconds_since(started));
  for (const int half : {0, 1})
    say("{}: {} of {} within one standard error of the best, mean gap {:.1f} points\n",
        half ? "held-out models (H)" : "models the measure was made on", within[half], count[half],
        100 * total[half] / count[half]);
}

}  // namespace fanin::program
