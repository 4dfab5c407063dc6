#include "tests/compare/synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <fanin/compare/summary.hpp>
#include <fanin/train/settings.hpp>

using namespace fanin;
using namespace fanin::compare;
using namespace fanin::probe;

namespace {

struct Character {
  const char* scheme;
  double accuracy;  // final, on the mlp
  double speed;     // epochs to most of it
  double std;       // of the first layer's weights
  double growth;    // of activations, per layer
};

constexpr Character characters[] = {{"default", 0.874, 0.55, 0.036, 0.62},
                                    {"zeros", 0.1, 1, 0, 0},
                                    {"constant(0.1)", 0.13, 1, 0.0, 1.9},
                                    {"uniform(-0.05, 0.05)", 0.868, 0.7, 0.029, 0.5},
                                    {"normal(std=0.01)", 0.861, 1.3, 0.01, 0.11},
                                    {"normal(std=1)", 0.78, 0.9, 1.0, 14},
                                    {"xavier_uniform", 0.879, 0.42, 0.044, 0.74},
                                    {"xavier_normal", 0.8795, 0.42, 0.044, 0.74},
                                    {"kaiming_uniform", 0.882, 0.35, 0.05, 1.0},
                                    {"kaiming_normal", 0.8815, 0.35, 0.05, 1.02},
                                    {"orthogonal(gain=1.414)", 0.884, 0.3, 0.049, 1.0}};
constexpr int epochs = 5;
constexpr Index steps_per_epoch = 938;

class Inventor {
 public:
  explicit Inventor(unsigned seed) : bits_(seed) {}
  double normal(double std) { return std * std::normal_distribution<double>()(bits_); }

  Histogram histogram(double std, double shift) {
    Histogram h;
    const double reach = std > 0 ? 4 * std : 0.1;
    h.low = shift - reach;
    h.high = shift + reach;
    for (int i = 0; i < 40; ++i) {
      const double z = (i - 19.5) / 5;
      const double share = std > 0 ? std::exp(-z * z / 2) : (i == 20 ? 1.0 : 0.0);
      h.counts.push_back(static_cast<Index>(10000 * share * (1 + normal(0.05))));
    }
    return h;
  }

  FilterImages filters(Index count, Index side, double std) {
    FilterImages f{
        .name = "conv1.weight", .count = count, .height = side, .width = side, .before = {}, .after = {}};
    for (Index k = 0; k < count; ++k) {
      const double angle = normal(2);
      for (Index y = 0; y < side; ++y) {
        for (Index x = 0; x < side; ++x) {
          const double u = 2.0 * static_cast<double>(x) / static_cast<double>(side - 1) - 1;
          const double v = 2.0 * static_cast<double>(y) / static_cast<double>(side - 1) - 1;
          const double before = normal(std);
          f.before.push_back(static_cast<float>(before));
          const double learned = 0.15 * std::sin(3 * (u * std::cos(angle) + v * std::sin(angle)));
          f.after.push_back(static_cast<float>(0.7 * before + (std > 0 ? learned : 0)));
        }
      }
    }
    return f;
  }

 private:
  std::mt19937 bits_;
};

std::vector<LayerProfile> profile(Inventor& make, const std::vector<std::string>& layers,
                                  const Character& who, bool end) {
  std::vector<LayerProfile> result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double depth = static_cast<double>(i);
    const double growth = end ? std::pow(who.growth, 0.4) : who.growth;
    LayerProfile layer;
    layer.layer = layers[i];
    layer.activation_mean = 0.3 * std::pow(growth, depth);
    layer.activation_std = 0.9 * std::pow(growth, depth) * (1 + make.normal(0.05));
    layer.gradient_norm =
        0.05 * std::pow(growth, static_cast<double>(layers.size()) - depth) * (1 + make.normal(0.05));
    layer.dead_share =
        std::clamp(0.02 + 0.01 * depth + (who.std == 0 ? 0.5 : 0) + make.normal(0.01), 0.0, 1.0);
    result.push_back(layer);
  }
  return result;
}

void train(Inventor& make, Run& run, const Character& who, double lift) {
  const bool chance = who.accuracy < 0.2;
  const double goal = chance ? 0.1 : who.accuracy + lift + make.normal(0.0015);
  const double floor = chance ? std::log(10.0) : 1.1 * (1 - goal) + 0.2;
  const bool diverges = run.status == Status::diverged;
  for (Index step = 20; step <= epochs * steps_per_epoch; step += 47) {
    if (diverges && step > run.diverged_step) break;
    const double time = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
    const double start = who.std >= 1 ? 40 : 2.3;
    run.loss_curve.emplace_back(
        step, floor + (start - floor) * std::exp(-time / (0.6 * who.speed)) + std::abs(make.normal(0.012)));
  }
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    if (diverges && epoch * steps_per_epoch > run.diverged_step) break;
    const double left = 0.2 * std::exp(-epoch / (1.8 * who.speed + 0.6));
    EpochRecord record;
    record.epoch = epoch;
    record.test_accuracy = chance ? 0.1 : goal - left + make.normal(0.003);
    record.train_accuracy = record.test_accuracy + 0.01;
    record.train_loss = floor + left;
    record.test_loss = floor + left + 0.03;
    record.seconds = 1.4;
    run.history.push_back(record);
  }
  run.test_accuracy = diverges ? 0.1 : run.history.back().test_accuracy;
  run.test_loss = diverges ? unknown : run.history.back().test_loss;
  run.threshold_sought = true;
  if (!chance && !diverges) run.steps_to_threshold = static_cast<Index>(1800 * who.speed + make.normal(80));
}

/// Sixteen values that fall to 0, the `steep`er the sooner.
SpectrumSnapshot spectrum(double std, double steep) {
  SpectrumSnapshot made{.norm = 9 * std, .stable_rank = 16 / (2 * steep + 1)};
  for (int i = 0; i < 16; ++i)
    made.values.push_back(static_cast<float>(made.norm * std::pow(1 - i / 15.0, steep)));
  return made;
}

Run invent(const std::string& model, bool convolutional, const Character& who, std::uint64_t seed,
           unsigned salt) {
  Inventor make(salt);
  Run run;
  run.model = model;
  run.scheme = who.scheme;
  run.plan = std::string("*.weight = ") + who.scheme + "; *.bias = default";
  run.seed = seed;
  if (who.std >= 1 && (convolutional || seed == 1)) {
    run.status = Status::diverged;
    run.diverged_step = convolutional ? 3 + static_cast<Index>(seed) * 8 : 1741;
  }
  train(make, run, who, convolutional ? 0.012 : 0);
  const std::vector<std::string> layers =
      convolutional ? std::vector<std::string>{"conv1", "conv2", "fc1", "fc2", "fc3"}
                    : std::vector<std::string>{"fc1", "fc2", "fc3"};
  run.profile_start = profile(make, layers, who, false);
  if (run.status == Status::ok) run.profile_end = profile(make, layers, who, true);
  for (const std::string& layer : layers) {
    const double shift = std::string(who.scheme).starts_with("constant") ? 0.1 : 0;
    run.parameters.push_back({.name = layer + ".weight",
                              .shape = {16, 25},
                              .mean = shift,
                              .std = who.std,
                              .before = make.histogram(who.std, shift),
                              .after = make.histogram(1.3 * who.std + 0.02, shift),
                              .spectrum_before = spectrum(who.std, 1),
                              .spectrum_after = spectrum(who.std, 3)});
  }
  run.filters = convolutional ? make.filters(6, 5, who.std) : make.filters(12, 28, who.std);
  if (!convolutional) run.filters.name = "fc1.weight";
  run.seconds = 7.1;
  run.samples_per_s = 42000;
  return run;
}

}  // namespace

Comparison synthetic_comparison() {
  Comparison comparison;
  Settings& settings = comparison.settings;
  settings.models = {"lenet", "mlp(hidden=256-128)"};
  for (const Character& who : characters) settings.schemes.emplace_back(who.scheme);
  settings.seeds = {0, 1, 2};
  settings.default_scheme = "default";
  settings.data = "fashion-mnist";
  settings.training = train::settings_of(train::TrainOptions{.epochs = epochs});
  settings.threshold = 0.8;
  settings.date = "2026-11-24 06:00 UTC";
  unsigned salt = 1;
  for (const std::string& model : settings.models) {
    for (const Character& who : characters) {
      for (std::uint64_t seed : settings.seeds) {
        comparison.runs.push_back(invent(model, model == "lenet", who, seed, salt++));
      }
    }
  }
  comparison.summary = summarize(settings, comparison.runs);
  return comparison;
}
