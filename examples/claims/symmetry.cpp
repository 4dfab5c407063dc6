#include <cstring>
#include <set>
#include <string>

#include <fanin/models.hpp>

#include "examples/claims/experiments.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

/// How many units of a layer differ in any bit of their incoming weights.
double distinct_units(const Tensor& weight) {
  const Index units = weight.size(0), inputs = weight.numel() / units;
  std::set<std::string> seen;
  for (Index i = 0; i < units; ++i) {
    seen.emplace(reinterpret_cast<const char*>(weight.data() + i * inputs),
                 static_cast<std::size_t>(inputs) * sizeof(real));
  }
  return static_cast<double>(seen.size());
}

double farthest_from(real start, const Tensor& weight) {
  double most = 0;
  for (const real w : weight.values()) most = std::max(most, std::abs(static_cast<double>(w - start)));
  return most;
}

}  // namespace

/// Units with equal weights get equal gradients, so they never part: a layer of them learns no more than one
/// unit.
Claim symmetry(const Setup& setup) {
  constexpr Index steps = 200;
  return {
      .name = "symmetry",
      .paper = "Rumelhart, Hinton & Williams 1986",
      .words =
          "Weights that start equal (zeros, a constant) keep the units of a layer identical through training; "
          "random weights break the symmetry.",
      .setting = "200 steps of SGD 0.05 on Fashion-MNIST; incoming weights are compared bit by bit",
      .predict =
          [] {
            const std::string rule = "equal weights → equal gradients";
            return std::vector<Prediction>{
                {.what = "mlp, constant(0.05): distinct units of 128 in fc1", .formula = rule, .figure = 1},
                {.what = "lenet, constant(0.01): distinct filters of 16 in conv2",
                 .formula = rule,
                 .figure = 1},
                {.what = "  while its weights moved by",
                 .formula = "trained, not stuck",
                 .figure = 1e-4,
                 .relation = Relation::at_least},
                {.what = "mlp, zeros: distinct units of 128 in fc1", .formula = rule, .figure = 1},
                {.what = "mlp, kaiming_normal: distinct units of 128 in fc1",
                 .formula = "all",
                 .figure = 128},
                {.what = "mlp, constant(0.05): test accuracy",
                 .formula = "one unit a layer's worth",
                 .figure = 0.5,
                 .relation = Relation::at_most},
                {.what = "mlp, kaiming_normal: test accuracy",
                 .formula = "it learns",
                 .figure = 0.7,
                 .relation = Relation::at_least}};
          },
      .measure =
          [setup] {
            const auto trained = [&](const char* model, const char* plan) {
              auto net = models::build(model, {});
              const Course course =
                  train_briefly(*net, plan, setup.data(),
                                {.steps = steps, .optimizer = {.lr = 0.05}, .seed = setup.seed_of(0)});
              return std::pair(net, course);
            };
            const auto [same, same_course] = trained("mlp(hidden=128-64)", "constant(0.05)");
            const auto [filters, filters_course] = trained("lenet", "constant(0.01)");
            const auto [zeros, zeros_course] = trained("mlp(hidden=128-64)", "zeros");
            const auto [random, random_course] = trained("mlp(hidden=128-64)", "kaiming_normal");
            const Tensor conv2 = filters->parameter("conv2.weight")->value;
            return std::vector<double>{distinct_units(same->parameter("fc1.weight")->value),
                                       distinct_units(conv2),
                                       farthest_from(real(0.01), conv2),
                                       distinct_units(zeros->parameter("fc1.weight")->value),
                                       distinct_units(random->parameter("fc1.weight")->value),
                                       same_course.test_accuracy,
                                       random_course.test_accuracy};
          }};
}

}  // namespace fanin::claims
