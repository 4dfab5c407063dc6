#include "examples/fanin/probe_validation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/job_team.hpp>
#include <fanin/probe/probe_text.hpp>
#include <fanin/start/initialize.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/probe_pairs.hpp"

namespace fanin::program {
namespace {

constexpr int epochs = 10;
constexpr double trained = 0.6;  ///< test accuracy; chance is 0.1
constexpr Index training_images = 3200, test_images = 1000, probed_samples = 256;

struct Trial {
  std::string model, scheme;
  bool held_out = false;
  std::uint64_t seed = 0;
  probe::Probe probe{};
  probe::Diagnosis diagnosis{};
  double accuracy = 0;
  bool trains() const { return accuracy >= trained; }
  bool missed() const { return trains() != diagnosis.trains(); }
};

void run(Trial& trial, const datasets::Splits& data, double lr) {
  const auto model = models::build(trial.model, input_of(data.train));
  const data::Batch batch = probe::probe_batch(data.train, probed_samples, trial.seed);
  auto probed = probe_scheme(*model, trial.scheme, batch, trial.seed, lr);
  trial.probe = std::move(probed.probe);
  trial.diagnosis = std::move(probed.diagnosis);
  trial.accuracy = accuracy_after_training(*model, data, trial.seed, lr);
}

std::vector<Trial> trials_of(const ValidationOptions& options) {
  std::vector<Trial> trials;
  for (const auto& model : tried_models()) {
    if (options.only_held_out && !model.held_out) continue;
    for (const auto& scheme : model.schemes) {
      for (int i = 0; i < options.seeds; ++i) {
        trials.push_back({.model = model.model,
                          .scheme = scheme,
                          .held_out = model.held_out,
                          .seed = options.seed + static_cast<std::uint64_t>(i)});
      }
    }
  }
  return trials;
}

struct Score {
  int right_trains = 0, wrong_trains = 0, right_fails = 0, wrong_fails = 0;
  void add(bool foretold, bool trains) {
    if (foretold)
      ++(trains ? right_trains : wrong_trains);
    else
      ++(trains ? wrong_fails : right_fails);
  }
  int count() const { return right_trains + wrong_trains + right_fails + wrong_fails; }
  static double ratio(int part, int other) {
    return part + other == 0 ? NAN : static_cast<double>(part) / (part + other);
  }
  double precision() const { return ratio(right_trains, wrong_trains); }
  double recall() const { return ratio(right_trains, wrong_fails); }
};

std::string line(const std::string& what, const Score& s) {
  return fmt::format(
      "{:<23} {:>3} train as foretold, {:>3} fail as foretold, {:>2} fail unforetold, {:>2} train against "
      "the verdict: precision {:.3f}, recall {:.3f}\n",
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
      "signal share {:.1e} gradient ratio {:.1e}..{:.1e} step {:.1e} logits {:.1e} stretch {:.2g} rank "
      "{:.1f}",
      share, low, high, step, probe.layers.back().std, probe::stretch_spread(probe),
      probe::least_rank(probe));
}

}  // namespace

datasets::Splits validation_splits(const std::string& data) {
  datasets::Splits splits = datasets::load_splits(data);
  splits.train = splits.train.take(std::min(training_images, splits.train.count));
  splits.test = splits.test.take(std::min(test_images, splits.test.count));
  return splits;
}

double accuracy_after_training(nn::Module& model, const datasets::Splits& data, std::uint64_t seed,
                               double lr) {
  train::TrainOptions options{.epochs = epochs, .batch = 32, .seed = seed, .test_every = epochs};
  options.optimizer.lr = lr;
  const auto result = train::train(model, data.train, data.test, options);
  return train::counted_accuracy(result);
}

void run_in_order(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                  const std::function<void(std::size_t)>& done) {
  std::mutex mutex;  // guards what follows, and `done`
  std::vector<char> finished(count, 0);
  std::size_t reported = 0;
  run_jobs(count, threads, [&](std::size_t i) {
    work(i);
    const std::lock_guard lock(mutex);
    finished[i] = 1;
    for (; reported < count && finished[reported]; ++reported) done(reported);
  });
}

void validate_probe(const ValidationOptions& options) {
  const datasets::Splits splits = validation_splits(options.data);
  const auto started = std::chrono::steady_clock::now();
  auto trials = trials_of(options);
  run_in_order(
      trials.size(), options.threads, [&](std::size_t i) { run(trials[i], splits, options.lr); },
      [&](std::size_t i) {
        if (options.json) return;
        const Trial& t = trials[i];
        say("{} {} {:<55} {:<30} {:>7}  {:<22} {}\n", t.missed() ? '!' : ' ', t.held_out ? 'H' : ' ', t.model,
            t.scheme, percent(t.accuracy), t.diagnosis.to_string(), worst(t.probe));
        flush_output();
      });
  struct Half {
    const char* name;
    Score runs, pairs;  ///< a pair goes by the majority of its runs
    void add(std::span<const Trial> pair) {
      std::size_t foretold = 0, trained_runs = 0;
      for (const Trial& t : pair) {
        runs.add(t.diagnosis.trains(), t.trains());
        foretold += t.diagnosis.trains();
        trained_runs += t.trains();
      }
      pairs.add(2 * foretold > pair.size(), 2 * trained_runs > pair.size());
    }
  };
  Half fitted{"thresholds' own", {}, {}}, held_out{"held out (H)", {}, {}}, all{"all", {}, {}};
  const auto seeds = static_cast<std::size_t>(options.seeds);
  for (std::size_t i = 0; i < trials.size(); i += seeds) {
    const auto pair = std::span<const Trial>(trials).subspan(i, seeds);
    all.add(pair);
    (pair[0].held_out ? held_out : fitted).add(pair);
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& trial : trials) {
    list.push_back({{"model", trial.model},
                    {"scheme", trial.scheme},
                    {"held_out", trial.held_out},
                    {"seed", trial.seed},
                    {"verdict", trial.diagnosis.to_string()},
                    {"predicted", trial.diagnosis.trains()},
                    {"accuracy", trial.accuracy},
                    {"trains", trial.trains()}});
  }
  if (options.json) {
    const auto score = [](const Half& half) {
      return nlohmann::ordered_json{{"precision", half.runs.precision()},
                                    {"recall", half.runs.recall()},
                                    {"pairs_precision", half.pairs.precision()},
                                    {"pairs_recall", half.pairs.recall()}};
    };
    say("{}\n",
        nlohmann::ordered_json{
            {"trials", list}, {"all", score(all)}, {"fitted", score(fitted)}, {"held_out", score(held_out)}}
            .dump(2));
    return;
  }
  say("\n{} (model, scheme) pairs, seeds {} to {}; trains: test accuracy ≥ {:.0f}% after {} epochs at lr {} "
      "on {} images of {}; {:.0f} s\n",
      trials.size() / static_cast<std::size_t>(options.seeds), options.seed,
      options.seed + static_cast<std::uint64_t>(options.seeds) - 1, 100 * trained, epochs, options.lr,
      splits.train.count, options.data,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  for (const Half& half : {fitted, held_out, all}) {
    if (half.pairs.count() == 0) continue;
    say("{}{}", line(fmt::format("{}, runs", half.name), half.runs),
        options.seeds > 1 ? line(fmt::format("{}, pairs", half.name), half.pairs) : "");
  }
  for (const auto& t : trials) {
    if (t.missed())
      say("miss: {}, {}, seed {}: {} after \"{}\"\n", t.model, t.scheme, t.seed, percent(t.accuracy),
          t.diagnosis.to_string());
  }
}

}  // namespace fanin::program
