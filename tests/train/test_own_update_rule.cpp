// An update rule and a schedule that a user wrote stand beside the library's own.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/settings.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

/// Lion (Chen et al. 2023): the sign of a mean of gradients. `sharpness` is a number of its own.
optim::UpdateRule lion(double sharpness) {
  return {.name = fmt::format("lion(sharpness={})", sharpness),
          .default_lr = 1e-4,
          .state =
              [](const auto&) {
                return std::vector<std::string>{"exp_avg", "updates"};
              },
          .step =
              [sharpness](const optim::Slice& s) {
                const double b1 = s.options.beta1, b2 = s.options.beta2;
                real *mean = s.state(0), *updates = s.state(1);
                for (Index i = 0; i < s.count; ++i) {
                  const auto g = static_cast<double>(s.g[i]), m = static_cast<double>(mean[i]);
                  const double way = std::tanh(sharpness * (b1 * m + (1 - b1) * g));
                  s.w[i] -= static_cast<real>(s.lr * (way + s.weight_decay * static_cast<double>(s.w[i])));
                  mean[i] = static_cast<real>(b2 * m + (1 - b2) * g);
                  updates[i] += 1;
                }
              }};
}

/// Down in a straight line, with a bump at the first step of every epoch.
struct Sawtooth {
  double bump;
  double factor(const optim::Place& place) const {
    return 1 - place.progress() + (place.step % 5 == 0 ? bump : 0);
  }
  std::string to_string() const { return fmt::format("sawtooth(bump={})", bump); }
};

struct Run {
  train::TrainResult result;
  std::vector<std::vector<real>> weights;
};

Run run(train::TrainOptions options, Index stop_at = 1000) {
  static const data::Sets data = datasets::load_sets("synthetic(count=120)");
  const auto model = models::build("mlp(hidden=16)", {});
  Generator generator(0);
  start::initialize(*model, generator);
  Index done = 0;
  options.on_step = [&done](Index step, double) { done = step + 1; };
  options.stop = [&] { return done >= stop_at; };
  Run run{train::fit(*model, data, options), {}};
  for (const auto& [name, tensor] : model->state_dict()) run.weights.push_back(tensor.to_vector());
  return run;
}

train::TrainOptions options_of(const optim::UpdateRule& rule, double lr) {
  return {.epochs = 3, .batch = 25, .seed = 5, .optimizer = {.rule = rule, .lr = lr, .beta2 = 0.99}};
}

}  // namespace

TEST_CASE("optimizer: a rule that a user wrote trains, and is saved and resumed to the same bits") {
  train::TrainOptions options = options_of(lion(50), 0.003);
  options.schedule = Sawtooth{0.25};
  const Run whole = run(options);
  REQUIRE(whole.result.status == train::Status::ok);
  CHECK(whole.result.history.back().train_loss < whole.result.history.front().train_loss);
  CHECK(train::setting_text(options.optimizer.rule) == "lion(sharpness=50)");
  for (const Index stop : {1, 5, 8}) {
    const Scratch scratch;
    options.checkpoint = {.folder = scratch / "run", .resume = true};
    CHECK(run(options, stop).result.status == train::Status::interrupted);
    CHECK(run(options).weights == whole.weights);
    options.optimizer.rule = lion(60);
    CHECK(holds(message([&] { run(options); }), "optimizer was 'lion(sharpness=50)', now it is"));
    options.optimizer.rule = lion(50);
    options.schedule = Sawtooth{0.5};
    CHECK(holds(message([&] { run(options); }), "schedule was 'sawtooth(bump=0.25)', now it is"));
    options.schedule = Sawtooth{0.25};
  }
}

TEST_CASE("schedule: one that a user wrote is the trainer's learning rate, behind its warm-up") {
  // A rule that writes down the rates it is given.
  std::vector<double> rates;
  const optim::UpdateRule listener{.name = "listener", .step = [&rates](const optim::Slice& s) {
                                     if (rates.size() == static_cast<std::size_t>(s.updates))
                                       rates.push_back(s.lr);
                                   }};
  train::TrainOptions options = options_of(listener, 2);
  options.schedule = {Sawtooth{0.25}, 2};
  CHECK(options.schedule.to_string() == "sawtooth(bump=0.25, warmup=2)");
  CHECK(run(options).result.steps == 15);
  REQUIRE(rates.size() == 15);
  CHECK(rates[0] == doctest::Approx(2.0 / 3));
  CHECK(rates[1] == doctest::Approx(4.0 / 3));
  for (std::size_t i = 0; i < 13; ++i)
    CHECK(rates[i + 2] == doctest::Approx(2 * (1 - static_cast<double>(i) / 13 + (i % 5 == 0 ? 0.25 : 0))));
}

TEST_CASE("optimizer and schedule: one's own can be named in texts once it is registered") {
  optim::register_update_rule({.name = "idle", .step = [](const optim::Slice&) {}});
  CHECK(optim::update_rule_named("idle").name == "idle");
  CHECK(optim::update_rule_names().back() == "idle");
  CHECK(holds(
      message([] { optim::register_update_rule({.name = "adam", .step = [](const optim::Slice&) {}}); }),
      "the optimizer name 'adam' is taken"));
  CHECK(holds(message([] { optim::register_update_rule({.name = "stepless"}); }), "has no step function"));
  CHECK(
      holds(message([] { optim::register_update_rule({.name = "a b", .step = [](const optim::Slice&) {}}); }),
            "a b"));
  CHECK(holds(message([] { run(options_of({.name = "stepless"}, 1)); }), "has no step function"));

  optim::register_schedule({.name = "sawtooth", .options = {"bump"}, .read = [](const CallOptions& o) {
                              return Sawtooth{o.number("bump", 0.25)};
                            }});
  for (const char* text : {"sawtooth", "sawtooth(bump=0.5)", "sawtooth(0.5, warmup=3)"})
    CHECK(optim::Schedule::parse(text).to_string() == text);
  CHECK(optim::Schedule::parse("sawtooth(0.5, warmup=3)").factor(3, 23, 10) == 1.5);
  CHECK(holds(message([] { optim::Schedule::parse("sawtoth"); }), "'sawtooth'"));
  CHECK(holds(message([] { optim::register_schedule({.name = "empty"}); }), "no function that reads it"));
  CHECK(holds(message([] {
                optim::register_schedule(
                    {.name = "step", .read = [](const CallOptions&) { return optim::Constant{}; }});
              }),
              "the schedule name 'step' is taken"));
}

TEST_CASE("schedule: one made in C++ has the text that parses to its factors") {
  for (const optim::Schedule& made :
       {optim::Schedule(optim::StepDecay{.every = 2, .gamma = 0.5}), optim::Schedule(optim::Cosine{0.1}, 7),
        optim::Schedule(optim::OneCycle{.peak = 0.25, .start = 10}, 2), optim::Schedule(optim::Constant{})}) {
    CAPTURE(made.to_string());
    const auto read = optim::Schedule::parse(made.to_string());
    CHECK(read.to_string() == made.to_string());
    for (Index step = 0; step < 40; ++step) CHECK(read.factor(step, 40, 4) == made.factor(step, 40, 4));
  }
  CHECK(holds(message([] { optim::Schedule(optim::Cosine{}, -1); }), "warmup must be ≥ 0, got -1"));
}
