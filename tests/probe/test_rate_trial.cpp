#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/probe/rate_trial.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

using namespace fanin;
using doctest::Approx;

namespace {

struct Setup {
  data::Dataset data = datasets::load_dataset("synthetic(count=120, size=8)", datasets::Split::train);
  probe::PlannedRun run{.lr = 0.1, .batch = 16, .steps = 500};
  data::Batch probed = probe::probe_batch(data, 64, 3);
  std::vector<data::Batch> steps = probe::trial_batches(data, run, 3);
  nn::ModulePtr model(const std::string& text, const std::string& plan) const {
    const auto made = models::build(text, models::input_of(data));
    Generator generator(4);
    start::initialize(*made, plan, generator);
    return made;
  }
};

}  // namespace

TEST_CASE("trial: a fiftieth of the run, at least a step and at most thirty") {
  const auto steps = [](Index of) { return probe::trial_steps({.steps = of}); };
  CHECK(steps(1) == 1);
  CHECK(steps(99) == 1);
  CHECK(steps(500) == 10);
  CHECK(steps(100'000) == 30);
}

TEST_CASE("trial: its first half is SGD at the rate, the other at three times it, on the same batches") {
  const Setup setup;
  REQUIRE(setup.steps.size() == 10);  // 120 samples are 8 batches: the set is over before they are
  const auto model = setup.model("mlp(hidden=12)", "default");
  const auto trial = probe::try_rate(*model, setup.probed, setup.steps, 0.3);
  const auto loss_after = [&](std::size_t from, std::size_t to, double lr) {
    optim::Optimizer optimizer(*model, {.lr = lr});
    for (std::size_t i = from; i < to; ++i) {
      optimizer.zero_grad();
      ops::cross_entropy((*model)(setup.steps[i].images), setup.steps[i].labels).backward();
      optimizer.step();
    }
    return static_cast<double>(ops::cross_entropy((*model)(setup.probed.images), setup.probed.labels).item());
  };
  CHECK(trial.after.loss == Approx(loss_after(0, 5, 0.3)).epsilon(1e-4));
  CHECK(trial.pressed.loss == Approx(loss_after(5, 10, 0.3 * probe::pressure)).epsilon(1e-4));
  CHECK(trial.after.loss < trial.before.loss);
  CHECK(trial.pressed.loss != trial.after.loss);
  CHECK(trial.steps == 5);
  CHECK(trial.pressed_steps == 5);
  CHECK(trial.losses.size() == 10);
  CHECK_FALSE(trial.broke());
  CHECK(trial.layers.size() == 2);
  CHECK(trial.pressed_layers.size() == 2);
}

TEST_CASE("trial: its batches are the first of the run that trains with this seed") {
  const Setup setup;
  std::vector<double> losses;
  train::TrainOptions options{.epochs = 1, .batch = 16, .seed = 3};
  options.optimizer.lr = 0.3;
  const auto model = setup.model("mlp(hidden=12)", "default"),
             twin = setup.model("mlp(hidden=12)", "default");
  const data::Sets sets{.training = setup.data, .test = setup.data};
  const auto eight = std::span(setup.steps).first(8);  // an epoch
  optim::Optimizer optimizer(*model, {.lr = 0.3});
  for (const auto& batch : eight) {
    optimizer.zero_grad();
    ops::cross_entropy((*model)(batch.images), batch.labels).backward();
    optimizer.step();
  }
  train::fit(*twin, sets, options);
  const auto ours = model->parameter("fc1.weight")->value.to_vector(),
             theirs = twin->parameter("fc1.weight")->value.to_vector();
  for (std::size_t i = 0; i < ours.size(); i += 7) CHECK(ours[i] == Approx(theirs[i]).epsilon(1e-3));
}

TEST_CASE("trial: a rate that can just be stood breaks under pressure; one step is one at the rate") {
  const Setup setup;
  const auto model = setup.model("mlp(hidden=12-12-12-12)", "kaiming_normal");
  double lr = 0.1;
  while (!probe::try_rate(*model, setup.probed, setup.steps, lr).broke() && lr < 1e9) lr *= 1.5;
  const auto trial = probe::try_rate(*model, setup.probed, setup.steps, lr);
  CHECK(trial.broke());
  const auto one = probe::try_rate(*model, setup.probed, {setup.steps.data(), 1}, 0.1);
  CHECK(one.steps == 1);
  CHECK(one.pressed_steps == 0);
  CHECK(one.pressed.loss == one.after.loss);
}

TEST_CASE("trial: the model is as it was, whatever came of the steps, and threads change no bit") {
  const Setup setup;
  const auto model = setup.model("mlp(hidden=12-12, batch_norm=true, dropout=0.3)", "default");
  model->eval();
  std::vector<std::vector<real>> before;
  for (const auto& [name, tensor] : model->state_dict()) before.push_back(tensor.to_vector());
  const auto unchanged = [&] {
    std::size_t i = 0;
    bool same = !model->training();
    for (const auto& [name, tensor] : model->state_dict()) same = same && tensor.to_vector() == before[i++];
    return same && !model->parameter("fc1.weight")->value.grad().defined();
  };
  const auto one = probe::try_rate(*model, setup.probed, setup.steps, 0.1);
  CHECK(unchanged());
  set_threads(2);
  const auto two = probe::try_rate(*model, setup.probed, setup.steps, 0.1);
  set_threads(1);
  CHECK(one.losses == two.losses);
  CHECK(one.after.loss == two.after.loss);
  const auto plain = setup.model("mlp(hidden=12)", "default");
  const auto values = plain->parameter("fc1.weight")->value.to_vector();
  const auto wild = probe::try_rate(*plain, setup.probed, setup.steps, 1e30);
  CHECK(wild.diverged());
  CHECK(wild.losses.size() < 10);
  CHECK(plain->parameter("fc1.weight")->value.to_vector() == values);
  CHECK_THROWS_AS(probe::try_rate(*models::build("mlp", models::input_of(setup.data)), setup.probed, {}, 0.1),
                  Error);
}
