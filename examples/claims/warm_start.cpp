#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <fanin/models.hpp>
#include <fanin/random/generator.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/statistics/statistics.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/claims/contrast.hpp"
#include "examples/claims/experiments.hpp"

namespace fanin::claims {
namespace {

constexpr int pairs = 12;
constexpr double rates[] = {0.001, 0.005, 0.02};
constexpr const char* random_schemes[] = {"default", "kaiming_normal", "xavier_uniform", "orthogonal"};
constexpr const char* head = "fc3.*";

struct Labels {
  Index per_class;
  int epochs;
};
constexpr Labels short_trainings[] = {{10, 3}, {100, 1}}, whole_trainings[] = {{10, 40}, {100, 10}};
constexpr double points = 2;

nn::ModulePtr five_class_lenet() { return models::build("lenet", {.classes = 5}); }

/// What a lenet has learned from one half of the classes, all labels.
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

/// Two tasks of five classes each that share none, drawn by the seed: what was learned on the first, and the second.
struct Pair {
  std::uint64_t seed;
  io::TensorFile learned;
  data::Dataset training, test;

  Pair(const data::Sets& data, std::uint64_t drawn) : seed(drawn) {
    std::vector<int> classes;
    for (const Index one : Generator(derive_seed(drawn, "classes")).randperm(10))
      classes.push_back(static_cast<int>(one));
    const std::vector<int> first(classes.begin(), classes.begin() + 5),
        second(classes.begin() + 5, classes.end());
    learned = pretrained(data.training.only_classes(first), data.test.only_classes(first), drawn);
    training = data.training.only_classes(second);
    test = data.test.only_classes(second).take(2000);
  }
};

/// Test accuracy on the second task; no scheme: from what was learned on the first, the head drawn anew.
double accuracy(const Pair& pair, const Labels& labels, const char* scheme, double lr) {
  const auto net = five_class_lenet();
  Generator generator(pair.seed);
  if (!scheme) start::load_state_dict(*net, pair.learned, {.skip = {head}});
  start::initialize(*net, scheme ? scheme : "default", generator);
  const data::Dataset few = pair.training.take_per_class(labels.per_class, pair.seed);
  return train::counted_accuracy(train::fit(*net, {few, {}, pair.test},
                                            {.epochs = labels.epochs,
                                             .batch = 10,
                                             .seed = pair.seed,
                                             .optimizer = {.lr = lr, .momentum = 0.9},
                                             .test_every = labels.epochs}));
}

/// One accuracy a pair of tasks, at the learning rate that is best in the mean.
std::vector<double> best_accuracies(const std::vector<Pair>& all, const Labels& labels, const char* scheme) {
  return best_in_mean(rates, pairs, [&](double lr, int i) {
    return accuracy(all[static_cast<std::size_t>(i)], labels, scheme, lr);
  });
}

}  // namespace

/// Weights learned on one half of the classes save training on the other half. Of one pair of tasks that says nothing,
/// some are alike and some are not: so all is of the mean over pairs.
Claim warm_start(const Setup& setup) {
  const auto text = [](const Labels& labels) {
    return fmt::format("{} labels a class, {} {}", labels.per_class, labels.epochs,
                       labels.epochs == 1 ? "epoch" : "epochs");
  };
  return {
      .name = "warm-start",
      .paper = "Yosinski et al. 2014; Neyshabur et al. 2020",
      .words =
          "With few labels, weights learned on other classes are ahead of the default start where there is time for little "
          "training; trained to the end, a small net does as well from the best random scheme.",
      .setting = fmt::format(
          "{} times, the data set's classes cut at random in two tasks of five: lenet pre-trained on the one (2 "
          "epochs), its head drawn anew, then the other with few labels; each start at the best of {} learning rates; "
          "leads are paired by pair of tasks, in points of test accuracy; 95 % sure: the lower end of the 95 % "
          "interval; the best random scheme: of {}",
          pairs, std::size(rates), std::size(random_schemes)),
      .predict =
          [text] {
            std::vector<Prediction> all;
            for (const Labels& labels : short_trainings)
              all.push_back({.what = text(labels) + ": lead over the default, 95 % sure",
                             .formula = "mean - t·s/√n",
                             .figure = 0,
                             .relation = Relation::at_least});
            for (const Labels& labels : whole_trainings)
              all.push_back({.what = text(labels) + ": mean lead over the best random scheme",
                             .formula = "none, in points",
                             .figure = 0,
                             .margin = points});
            return all;
          },
      .measure =
          [setup] {
            std::vector<Pair> all;
            for (int i = 0; i < pairs; ++i) all.emplace_back(setup.data(), setup.seed_of(i));
            std::vector<double> seen;
            for (const Labels& labels : short_trainings)
              seen.push_back(
                  lead(best_accuracies(all, labels, nullptr), best_accuracies(all, labels, "default"))
                      .interval.low);
            for (const Labels& labels : whole_trainings) {
              const auto warm = best_accuracies(all, labels, nullptr);
              double least_lead = std::numeric_limits<double>::infinity();
              for (const char* scheme : random_schemes)
                least_lead =
                    std::min(least_lead, lead(warm, best_accuracies(all, labels, scheme)).difference);
              seen.push_back(least_lead);
            }
            return seen;
          }};
}

}  // namespace fanin::claims
