#include <doctest/doctest.h>

#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

using namespace fanin;
using train::Status;
using train::TrainOptions;
using train::TrainResult;

namespace {

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=400)");
  return splits;
}

nn::ModulePtr born(const std::string& text, const std::string& plan = "default", std::uint64_t seed = 0) {
  const auto model = models::build(text, {});
  Generator generator(seed);
  start::initialize(*model, plan, generator);
  return model;
}

TrainResult trained(nn::Module& model, const TrainOptions& options) {
  return train::fit(model, samples(), options);
}

std::vector<std::vector<real>> state(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& [name, tensor] : model.state_dict()) all.push_back(tensor.to_vector());
  return all;
}

/// Sets the thread count for a scope.
struct Threads {
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(1); }
};

}  // namespace

TEST_CASE("train: the same seed gives the same bits, for any number of threads") {
  for (const char* text :
       {"mlp(hidden=32)", "lenet", "resnet_small(width=4)", "mlp(hidden=32, dropout=0.2)"}) {
    CAPTURE(text);
    std::vector<std::vector<real>> first;
    std::vector<double> losses;
    for (const int threads : {1, 2, 1}) {
      const Threads scope(threads);
      const auto model = born(text);
      TrainOptions options{.epochs = 1, .batch = 50, .seed = 3};
      options.augment = data::Transform::parse("shift(2)");
      std::vector<double> seen;
      options.on_step = [&](Index, double loss) { seen.push_back(loss); };
      trained(*model, options);
      if (first.empty()) {
        first = state(*model);
        losses = seen;
      }
      CHECK(seen == losses);
      CHECK(state(*model) == first);
    }
    const auto other = born(text);
    trained(*other, {.epochs = 1, .batch = 50, .seed = 4});
    CHECK(state(*other) != first);
  }
}

TEST_CASE("train: learns, and reports what it did") {
  const auto model = born("mlp(hidden=64)");
  std::vector<int> epochs;
  TrainOptions options{.epochs = 3,
                       .batch = 20,
                       .curve_every = 5,
                       .threshold = 0.7,
                       .threshold_every = 4,
                       .threshold_samples = 60};
  options.on_epoch = [&](const train::EpochRecord& record) { epochs.push_back(record.epoch); };
  const data::Sets sets{samples().training, samples().test, samples().test};
  const TrainResult result = train::fit(*model, sets, options);
  CHECK(result.status == Status::ok);
  CHECK_FALSE(result.diverged_step);
  CHECK(result.steps == 60);
  CHECK(epochs == std::vector<int>{1, 2, 3});
  REQUIRE(result.history.size() == 3);
  CHECK(result.history[2].train_loss < result.history[0].train_loss);
  CHECK(result.history[2].validation_accuracy == result.validation.accuracy);
  CHECK(result.validation.accuracy == result.test.accuracy);
  CHECK(result.test.accuracy > 0.8);  // chance is 0.1
  CHECK(result.history[2].train_accuracy > 0.8);
  REQUIRE(result.loss_curve.size() == 12);
  CHECK(result.loss_curve[0].first == 0);
  CHECK(result.loss_curve[11].first == 55);
  REQUIRE(result.steps_to_threshold);
  CHECK(*result.steps_to_threshold > 0);
  CHECK(*result.steps_to_threshold % 4 == 0);
  CHECK(result.samples_per_s > 0);
  Index tested = 0;
  for (const Index count : result.test.confusion.counts) tested += count;
  CHECK(tested == samples().test.count);
}

TEST_CASE("train: zeros cannot break the symmetry, and the result says so") {
  const auto model = born("mlp(hidden=64)", "zeros");
  const TrainResult result = trained(*model, {.epochs = 1, .batch = 20});
  CHECK(result.status == Status::ok);
  CHECK(result.test.accuracy == doctest::Approx(0.1));  // one class for all
}

TEST_CASE("train: a loss that is not finite ends the run at its step") {
  const auto model = born("mlp(hidden=64)", "normal(std=100)");
  Index last = -1;
  TrainOptions options{.epochs = 2, .batch = 20, .optimizer = {.lr = 1e6}};
  options.on_step = [&](Index step, double loss) {
    CHECK(std::isfinite(loss));
    last = step;
  };
  const TrainResult result = trained(*model, options);
  CHECK(result.status == Status::diverged);
  CHECK(result.diverged_step == last + 1);
  CHECK(result.steps == result.diverged_step);
  CHECK(result.history.empty());
  CHECK(std::isnan(result.test.accuracy));  // such weights predict nothing
  CHECK(train::counted_accuracy(result) == 0.1);
}

TEST_CASE("train: stops after the step at which it is asked to") {
  const auto model = born("mlp(hidden=8)");
  int asked = 0;
  TrainOptions options{.epochs = 5, .batch = 20};
  options.stop = [&] { return ++asked == 7; };
  const TrainResult result = trained(*model, options);
  CHECK(result.status == Status::interrupted);
  CHECK(result.steps == 7);
  CHECK(result.history.empty());
  CHECK(result.test.confusion.classes == 10);
}

TEST_CASE("train: batches depend on the seed alone, not on the model or its weights") {
  std::vector<std::vector<double>> losses;
  // From zeros only the last bias learns: the losses tell the order of the labels and nothing of the model.
  for (const char* text : {"mlp(hidden=8)", "lenet"}) {
    const auto model = born(text, "zeros");
    TrainOptions options{.epochs = 1, .batch = 20, .seed = 9, .optimizer = {.lr = 0.5}};
    std::vector<double> seen;
    options.on_step = [&](Index, double loss) { seen.push_back(loss); };
    trained(*model, options);
    losses.push_back(seen);
  }
  CHECK(losses[0].size() == 20);
  for (std::size_t i = 0; i < losses[0].size(); ++i)
    CHECK(losses[0][i] == doctest::Approx(losses[1][i]).epsilon(1e-5));
}

TEST_CASE("train: schedule, clipping and momentum reach the optimizer") {
  const auto final_state = [](const TrainOptions& options) {
    const auto model = born("mlp(hidden=8)");
    trained(*model, options);
    return state(*model);
  };
  const TrainOptions plain{.epochs = 1, .batch = 50};
  auto scheduled = plain, clipped = plain, moved = plain, still = plain, smoothed = plain;
  scheduled.schedule = optim::Schedule::parse("cosine");
  clipped.clip_norm = 0.01;
  moved.optimizer.momentum = 0.9;
  still.optimizer.lr = 0;
  smoothed.label_smoothing = 0.1;
  const auto expected = final_state(plain);
  CHECK(final_state(plain) == expected);
  for (const auto& other : {scheduled, clipped, moved, smoothed}) CHECK(final_state(other) != expected);
  CHECK(final_state(still) == state(*born("mlp(hidden=8)")));
}

TEST_CASE("train: bad arguments are errors, not crashes") {
  const auto model = born("mlp(hidden=8)");
  for (const TrainOptions& bad : std::vector<TrainOptions>{{.epochs = 0},
                                                           {.epochs = -1},
                                                           {.batch = 0},
                                                           {.batch = -5},
                                                           {.optimizer = {.lr = -1}},
                                                           {.curve_every = -1},
                                                           {.threshold = 0.5, .threshold_every = 0},
                                                           {.threshold = 0.5, .threshold_samples = 0}})
    CHECK_THROWS_AS(trained(*model, bad), Error);
  CHECK_THROWS_AS(train::fit(*model, {{}, {}, samples().test}, {}), Error);
  CHECK_THROWS_AS(train::fit(*model, {samples().training, {}, {}}, {.epochs = 1}), Error);
  CHECK_THROWS_WITH_AS(trained(*models::build("mlp", {}), {.epochs = 1}), doctest::Contains("'fc1.weight'"),
                       Error);
  const auto wrong = models::build("mlp(hidden=8)", {.classes = 5});
  Generator generator(0);
  start::initialize(*wrong, generator);
  CHECK_THROWS_AS(trained(*wrong, {.epochs = 1}), Error);
}

TEST_CASE("evaluate: records nothing, changes nothing, and leaves the mode as it was") {
  const auto model = born("resnet_small(width=4)");
  const auto before = state(*model);
  CHECK(model->training());
  const auto first = train::evaluate(*model, samples().test, 30);
  CHECK(model->training());
  CHECK(grad_enabled());
  CHECK(state(*model) == before);
  for (const auto& one : model->named_parameters()) CHECK_FALSE(one.parameter->value.grad().defined());
  model->eval();
  CHECK(train::evaluate(*model, samples().test, 30).loss == first.loss);
  CHECK_FALSE(model->training());
  model->train();
  model->children()[1].second->eval();  // a frozen layer stays frozen
  train::evaluate(*model, samples().test, 30);
  CHECK(model->training());
  CHECK_FALSE(model->children()[1].second->training());
  const auto whole = train::evaluate(*model, samples().test, 1000);
  CHECK(whole.accuracy == first.accuracy);
  CHECK(whole.loss == doctest::Approx(first.loss).epsilon(1e-5));
  CHECK_THROWS_AS(train::evaluate(*model, data::Dataset{}), Error);
  CHECK_THROWS_AS(train::evaluate(*model, samples().test, 0), Error);
}
