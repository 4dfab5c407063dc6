#include "examples/commands/probe_validation.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/commands/command.hpp"
#include "examples/commands/text_table.hpp"
#include "framework/core/error.hpp"
#include "framework/lab/probe_text.hpp"
#include "framework/nn/initialize.hpp"

namespace fanin::program {
namespace {

constexpr int epochs = 10;
constexpr double trained = 0.6;  ///< test accuracy; chance is 0.1
constexpr Index training_images = 3200, test_images = 1000, probed_samples = 256;

struct Model {
  const char* text;
  std::vector<const char*> schemes;
};

/// Good and bad schemes for nets shallow and deep, with and without normalisation, shortcuts and
/// convolutions.
const std::vector<Model>& models_tried() {
  static const std::vector<Model> all = {
      {"mlp(hidden=64-32)",
       {"default", "zeros", "constant(0.05)", "normal(std=0.001)", "normal(std=1)", "xavier_normal",
        "kaiming_normal", "orthogonal"}},
      {"lenet",
       {"default", "zeros", "constant(0.05)", "normal(std=0.01)", "normal(std=1)", "xavier_normal",
        "kaiming_normal", "orthogonal(gain=1.4142)"}},
      {"conv_net(channels=4-8, hidden=32)",
       {"default", "zeros", "normal(std=0.001)", "normal(std=1)", "xavier_uniform", "kaiming_normal"}},
      {"plain_net(depth=8, width=64, activation=tanh)",
       {"default", "zeros", "normal(std=0.01)", "normal(std=1)", "xavier_normal", "orthogonal",
        "lecun_normal"}},
      {"plain_net(depth=16, width=64, activation=relu)",
       {"default", "constant(0.1)", "normal(std=0.01)", "normal(std=0.5)", "xavier_normal", "kaiming_normal",
        "orthogonal(gain=1.4142)", "lecun_normal"}},
      {"plain_net(depth=6, width=64, activation=sigmoid)", {"default", "normal(std=0.01)", "xavier_normal"}},
      {"plain_net(depth=30, width=48, activation=tanh)",
       {"default", "normal(std=0.02)", "orthogonal", "xavier_normal"}},
      {"resnet_small(width=4)", {"default", "zeros", "kaiming_normal", "normal(std=0.1)"}}};
  return all;
}

struct Trial {
  std::string model, scheme;
  std::uint64_t seed = 0;
  lab::Probe probe{};
  lab::Diagnosis diagnosis{};
  double accuracy = 0;
  bool trains() const { return accuracy >= trained; }
  bool missed() const { return trains() != diagnosis.trains(); }
};

void run(Trial& trial, const Splits& data) {
  const auto model = models::build(trial.model, input_of(data.train));
  Generator generator(trial.seed);
  nn::initialize(*model, std::string(trial.scheme), generator);
  const Batch batch = lab::probe_batch(data.train, probed_samples, trial.seed);
  trial.probe = lab::probe(*model, batch.images, {batch.labels.data(), batch.labels.size()});
  trial.diagnosis = lab::diagnose(trial.probe);
  train::TrainOptions options{.epochs = epochs, .batch = 32, .seed = trial.seed, .test_every = epochs};
  options.optimizer.lr = 0.1;
  const auto result = train::train(*model, data.train, data.test, options);
  trial.accuracy = result.status == train::Status::ok ? result.history.back().test_accuracy : 0;
}

struct Score {
  int right_trains = 0, wrong_trains = 0, right_fails = 0, wrong_fails = 0;
  void add(const Trial& t) {
    if (t.diagnosis.trains())
      ++(t.trains() ? right_trains : wrong_trains);
    else
      ++(t.trains() ? wrong_fails : right_fails);
  }
  static double ratio(int part, int other) {
    return part + other == 0 ? NAN : static_cast<double>(part) / (part + other);
  }
  double precision() const { return ratio(right_trains, wrong_trains); }
  double recall() const { return ratio(right_trains, wrong_fails); }
};

std::string line(const char* what, const Score& s) {
  return fmt::format(
      "{:<22} {:>3} train as foretold, {:>3} fail as foretold, {:>2} fail unforetold, {:>2} train against "
      "the verdict: precision {:.3f}, recall {:.3f}\n",
      what, s.right_trains, s.right_fails, s.wrong_trains, s.wrong_fails, s.precision(), s.recall());
}

/// The measures that the verdict goes by, at their worst over the layers.
std::string worst(const lab::Probe& probe) {
  double twins = 0, dead = 0, saturated = 0, signal = INFINITY, low = INFINITY, high = 0;
  for (std::size_t i = 0; i < probe.layers.size(); ++i) {
    const auto& one = probe.layers[i];
    if (i + 1 < probe.layers.size())
      twins = std::max(twins, one.twins), dead = std::max(dead, one.dead),
      saturated = std::max(saturated, one.saturated);
    signal = std::min(signal, one.signal);
    low = std::min(low, lab::measure(probe, i, "gradient ratio"));
    high = std::max(high, lab::measure(probe, i, "gradient ratio"));
  }
  return fmt::format("twins {:.2f} dead {:.2f} sat {:.2f} signal {:.1e} ratio {:.1e}..{:.1e} logits {:.2g}",
                     twins, dead, saturated, signal, low, high, probe.layers.back().std);
}

}  // namespace

void validate_probe(const std::string& data, int seeds, bool json) {
  if (seeds < 1 || seeds > 100) fail_usage("--seeds must be between 1 and 100, got {}", seeds);
  Splits splits = load_splits(data);
  splits.train = splits.train.take(std::min(training_images, splits.train.count));
  splits.test = splits.test.take(std::min(test_images, splits.test.count));
  const auto started = std::chrono::steady_clock::now();
  std::vector<Trial> trials;
  int number = 0;
  for (const auto& model : models_tried()) {
    for (const char* scheme : model.schemes) {
      for (int seed = 0; seed < seeds; ++seed) {
        Trial& trial = trials.emplace_back(
            Trial{.model = model.text, .scheme = scheme, .seed = static_cast<std::uint64_t>(seed)});
        run(trial, splits);
        if (!json) {
          fmt::print("{} {:<50} {:<24} {:>7}  {:<22} {}\n", trial.missed() ? '!' : ' ', trial.model,
                     trial.scheme, percent(trial.accuracy), trial.diagnosis.to_string(), worst(trial.probe));
          std::fflush(stdout);
        }
      }
      ++number;
    }
  }
  Score all;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& trial : trials) {
    all.add(trial);
    list.push_back({{"model", trial.model},
                    {"scheme", trial.scheme},
                    {"seed", trial.seed},
                    {"verdict", trial.diagnosis.to_string()},
                    {"predicted", trial.diagnosis.trains()},
                    {"accuracy", trial.accuracy},
                    {"trains", trial.trains()}});
  }
  if (json) {
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"trials", list}, {"precision", all.precision()}, {"recall", all.recall()}}
            .dump(2));
    return;
  }
  fmt::print(
      "\n{} (model, scheme) pairs × {} seeds; trains: test accuracy ≥ {:.0f}% after {} epochs at lr 0.1 on "
      "{} images of {}; ! marks a miss; {:.0f} s\n",
      number, seeds, 100 * trained, epochs, splits.train.count, data,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  fmt::print("{}", line("all", all));
}

}  // namespace fanin::program
