#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/statistics/statistics.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/claims/contrast.hpp"
#include "examples/claims/experiments.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr int seeds = 8;
constexpr const char* large = "mlp(hidden=512-512)";
constexpr const char* small = "mlp(hidden=128-128)";
constexpr const char* random_schemes[] = {"default", "kaiming_normal", "xavier_uniform", "orthogonal"};
constexpr double rates[] = {0.01, 0.03};
constexpr Index steps[] = {100, 400};

/// A folder of its own, gone when this is.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fanin-claims-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) fail("cannot make a temporary folder {}", name);
    path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

/// One test accuracy a seed, at the learning rate that is best in the mean.
std::vector<double> best_accuracies(const Setup& setup, const std::string& scheme, Index count) {
  return best_in_mean(rates, seeds, [&](double rate, int i) {
    const ShortTraining course{
        .steps = count, .optimizer = {.lr = rate, .momentum = 0.9}, .seed = setup.seed_of(i)};
    return train_briefly(*models::build(small, {}), scheme, setup.data(), course).test_accuracy;
  });
}

}  // namespace

/// A small net starts from evenly spaced elements of a larger trained net's weights.
Claim weight_selection(const Setup& setup) {
  return {.name = "weight-selection",
          .paper = "Xu et al. 2024",
          .words =
              "A small model that starts from a selection of a larger trained model's weights is ahead of "
              "random starts when training is short.",
          .setting = fmt::format(
              "{} trained for 2 epochs, then {} for few steps of SGD, momentum 0.9, batch 64, on "
              "Fashion-MNIST; {} seeds, each scheme at the better of {} learning rates; leads are paired by "
              "seed, in points of test accuracy; 95 % sure: the lower end of the 95 % interval",
              large, small, seeds, std::size(rates)),
          .predict =
              [] {
                std::vector<Prediction> all;
                for (const Index count : steps)
                  for (const char* scheme : random_schemes)
                    all.push_back({.what = fmt::format("{} steps: lead over {}, 95 % sure", count, scheme),
                                   .formula = "mean - t·s/√n",
                                   .figure = 0,
                                   .relation = Relation::at_least});
                return all;
              },
          .measure =
              [setup] {
                const data::Sets& data = setup.data();
                const TemporaryFolder folder;
                const std::string file = folder.path / "large.safetensors";
                {
                  const auto net = models::build(large, {});
                  Generator generator(setup.seed_of(0));
                  start::initialize(*net, generator);
                  train::fit(*net, data,
                             {.epochs = 2,
                              .seed = setup.seed_of(0),
                              .optimizer = {.lr = 0.02, .momentum = 0.9},
                              .test_every = 2});
                  start::save_model(file, *net);
                }
                std::vector<double> seen;
                for (const Index count : steps) {
                  const auto mine = best_accuracies(
                      setup, fmt::format("weight_selection(file={})", value_text(file)), count);
                  for (const char* scheme : random_schemes) {
                    const auto paired = lead(mine, best_accuracies(setup, scheme, count));
                    seen.push_back(paired.interval.low);
                  }
                }
                return seen;
              }};
}

}  // namespace fanin::claims
