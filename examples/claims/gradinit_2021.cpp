#include <fmt/format.h>

#include <algorithm>

#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/claims/experiments.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr int seeds = 3;
constexpr Index batch = 128;
constexpr const char* model = "mlp(hidden=64-64-64-64-64-64)";
constexpr const char* large = "normal(std=0.5)";

}  // namespace

/// Scales that are learned so that a step lowers the loss, with a bound on the gradient, mend a start that is too large.
Claim gradinit_2021(const Setup& setup) {
  return {
      .name = "gradinit-2021",
      .paper = "Zhu et al. 2021",
      .words =
          "A scale for each weight, learned so that a step of SGD lowers the loss while the gradient stays short, makes a "
          "net train from a start that is far too large.",
      .setting = fmt::format(
          "{}, weights N(0, 0.5²), three to ten times He's; 400 steps of SGD 0.1, batch 64, the same {} "
          "seeds for both; GradInit on {} training images",
          model, seeds, batch),
      .predict =
          [] {
            return std::vector<Prediction>{{.what = "as drawn: largest test accuracy of the seeds",
                                            .formula = "2 × chance",
                                            .figure = 0.2,
                                            .relation = Relation::at_most},
                                           {.what = "GradInit: least test accuracy of the seeds",
                                            .formula = "it learns",
                                            .figure = 0.7,
                                            .relation = Relation::at_least}};
          },
      .measure =
          [setup] {
            double drawn = 0, mended = 1;
            for (int i = 0; i < seeds; ++i) {
              const ShortTraining training{.steps = 400, .optimizer = {.lr = 0.1}, .seed = setup.seed_of(i)};
              const auto accuracy = [&](const std::string& plan) {
                const data::Dataset& images = setup.data().training;
                const auto net = models::build(model, models::input_of(images));
                Generator generator(training.seed);
                const data::Batch first =
                    data::first_batch(images, batch, train::TrainOptions().augment.normalization());
                start::initialize(*net, plan, generator, first.images, first.labels);
                return train_briefly(*net, setup.data(), training).test_accuracy;
              };
              drawn = std::max(drawn, accuracy(large));
              mended = std::min(mended, accuracy(fmt::format("gradinit(base={})", large)));
            }
            return std::vector<double>{drawn, mended};
          }};
}

}  // namespace fanin::claims
