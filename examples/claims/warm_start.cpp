#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/statistics/statistics.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/claims/contrast.hpp"
#include "examples/claims/experiments.hpp"

namespace fanin::claims {
namespace {

constexpr int seeds = 8;
constexpr double rates[] = {0.001, 0.005, 0.02};
constexpr const char* random_schemes[] = {"default", "kaiming_normal", "xavier_uniform", "orthogonal"};
constexpr const char* head = "fc3.*";

struct Labels {
  Index per_class;
  int epochs;
};
constexpr Labels label_counts[] = {{10, 40}, {100, 10}};

nn::ModulePtr five_class_lenet() { return models::build("lenet", {.classes = 5}); }

/// What a lenet has learned from the first five classes, all labels.
io::TensorFile pretrained(const data::Dataset& training, const data::Dataset& test, std::uint64_t seed) {
  const auto net = five_class_lenet();
  Generator generator(seed);
  start::initialize(*net, generator);
  train::fit(*net, {training, {}, test},
             {.epochs = 2, .seed = seed, .optimizer = {.lr = 0.02, .momentum = 0.9}, .test_every = 2});
  io::TensorFile file{
      .format = io::FileFormat::safetensors, .path = "pre-trained", .tensors = {}, .metadata = {}};
  for (const auto& [name, value] : net->state_dict()) file.tensors.push_back(io::stored(name, value.clone()));
  return file;
}

struct Task {
  const data::Dataset& training;
  const data::Dataset& test;
  const io::TensorFile& learned;
  Labels labels;
};

/// Test accuracy on the other five classes; no scheme: from the pre-trained weights, the head drawn anew.
double accuracy(const Task& task, const char* scheme, double lr, std::uint64_t seed) {
  const auto net = five_class_lenet();
  Generator generator(seed);
  if (!scheme) start::load_state_dict(*net, task.learned, {.skip = {head}});
  start::initialize(*net, scheme ? scheme : "default", generator);
  const data::Dataset few = task.training.take_per_class(task.labels.per_class, seed);
  return train::counted_accuracy(train::fit(*net, {few, {}, task.test},
                                            {.epochs = task.labels.epochs,
                                             .batch = 10,
                                             .seed = seed,
                                             .optimizer = {.lr = lr, .momentum = 0.9},
                                             .test_every = task.labels.epochs}));
}

/// One accuracy a seed, at the learning rate that is best in the mean.
std::vector<double> best_accuracies(const Setup& setup, const Task& task, const char* scheme) {
  return best_in_mean(rates, seeds,
                      [&](double lr, int i) { return accuracy(task, scheme, lr, setup.seed_of(i)); });
}

}  // namespace

/// Features learned from one half of the classes serve the other half better than any random ones, the more
/// so the fewer labels there are.
Claim warm_start(const Setup& setup) {
  return {
      .name = "warm-start",
      .paper = "Yosinski et al. 2014",
      .words = "With few labels, starting from weights learned on other classes beats every random scheme.",
      .setting = fmt::format(
          "lenet pre-trained on classes 0-4 of the data set (2 epochs), its head drawn anew, then classes "
          "5-9 with few labels; {} seeds, each scheme at the best of {} learning rates; leads are "
          "paired by seed, in points of test accuracy; 95 % sure: the lower end of the 95 % interval",
          seeds, std::size(rates)),
      .predict =
          [] {
            std::vector<Prediction> all;
            for (const auto& [per_class, epochs] : label_counts) {
              all.push_back(
                  {.what = fmt::format("{} labels a class: mean lead over the best random scheme", per_class),
                   .formula = "points",
                   .figure = 0,
                   .relation = Relation::at_least});
              for (const char* scheme : random_schemes)
                all.push_back(
                    {.what = fmt::format("{} labels a class: lead over {}, 95 % sure", per_class, scheme),
                     .formula = "mean - t·s/√n",
                     .figure = 0,
                     .relation = Relation::at_least});
            }
            return all;
          },
      .measure =
          [setup] {
            const std::vector<int> first = {0, 1, 2, 3, 4}, second = {5, 6, 7, 8, 9};
            const data::Dataset &training = setup.data().training, &test = setup.data().test;
            const io::TensorFile learned =
                pretrained(training.only_classes(first), test.only_classes(first), setup.seed_of(0));
            const data::Dataset others = training.only_classes(second),
                                others_test = test.only_classes(second).take(2000);
            std::vector<double> seen;
            for (const Labels& labels : label_counts) {
              const Task task{others, others_test, learned, labels};
              const auto warm = best_accuracies(setup, task, nullptr);
              double least_lead = std::numeric_limits<double>::infinity();
              const std::size_t summary = seen.size();
              seen.push_back(0);
              for (const char* scheme : random_schemes) {
                const auto paired = lead(warm, best_accuracies(setup, task, scheme));
                seen.push_back(paired.interval.low);
                least_lead = std::min(least_lead, paired.difference);
              }
              seen[summary] = least_lead;
            }
            return seen;
          }};
}

}  // namespace fanin::claims
