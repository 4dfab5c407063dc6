// One normalization a model: that it was trained under, for whoever uses it.
#include <doctest/doctest.h>

#include <fanin/compare/grid.hpp>
#include <fanin/core/error.hpp>
#include <fanin/data/normalization.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/trainer.hpp>
#include <fanin/train/warm_start.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=60, classes=3, size=8, channels=3)");
  return splits;
}

data::Sets under(const data::Normalization& normalization) {
  data::Sets other = samples();
  other.training.normalize(normalization);
  other.test.normalize(normalization);
  return other;
}

nn::ModulePtr born() {
  auto model = models::build("mlp(hidden=12, batch_norm=true)",
                             {.channels = 3, .height = 8, .width = 8, .classes = 3});
  Generator generator(0);
  start::initialize(*model, generator);
  return model;
}

const std::vector<data::Normalization> several = {
    {{0}, {0.02}}, {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}, {{-3}, {7}}};

}  // namespace

TEST_CASE(
    "normalisation: given with the augmentation or as the data's own, it is training's and testing's alike") {
  for (const auto& one : several) {
    const auto a = born(), b = born();
    train::TrainOptions options{.epochs = 2, .batch = 16, .threshold = 0.5, .threshold_every = 3};
    options.augment.flip();
    auto given = options;
    given.augment.normalize(one);
    const data::Sets own = under(one);
    const auto by_option = train::fit(*a, samples(), given);
    const auto by_data = train::fit(*b, own, options);
    CHECK(by_option.test.loss == by_data.test.loss);
    CHECK(by_option.test.accuracy == by_data.test.accuracy);
    CHECK(by_option.steps_to_threshold == by_data.steps_to_threshold);
    for (std::size_t e = 0; e < 2; ++e)
      CHECK(by_option.history[e].validation_loss == by_data.history[e].validation_loss);
    CHECK(train::evaluate(*a, samples().test, 250, one).loss == by_option.test.loss);
    CHECK(train::evaluate(*a, own.test).loss == by_option.test.loss);
    CHECK(train::evaluate(*a, samples().test).loss != by_option.test.loss);
  }
}

TEST_CASE("normalisation: a grid's schemes, profiles and tests see it") {
  compare::Grid grid;
  grid.models = {"mlp(hidden=12)"};
  grid.schemes = {{"default", "default"}, {"lsuv", "lsuv"}};
  grid.seeds = {0};
  grid.training = {.epochs = 2, .batch = 16};
  grid.build = [](const std::string& text) {
    return models::build(text, {.channels = 3, .height = 8, .width = 8, .classes = 3});
  };
  grid.initialize = [](nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                       const data::Dataset& training) {
    Generator generator(seed);
    const data::Batch batch = data::first_batch(training, 32);
    start::initialize(model, *scheme.start.plan(), generator, batch.images, batch.labels);
    return scheme.start.text();
  };
  const std::atomic<bool> interrupted{false};
  const auto own = under(several[1]);
  const auto by_data = compare::run_grid(grid, own, {}, interrupted).runs;
  grid.training.augment.normalize(several[1]);
  const auto by_option = compare::run_grid(grid, samples(), {}, interrupted).runs;
  REQUIRE(by_option.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(by_option[i].status == compare::Status::ok);
    CHECK(by_option[i].test_loss == by_data[i].test_loss);
    CHECK(by_option[i].parameters[0].std == by_data[i].parameters[0].std);
    REQUIRE(by_option[i].profile_start.size() == by_data[i].profile_start.size());
    CHECK(by_option[i].profile_start[0].activation_std == by_data[i].profile_start[0].activation_std);
  }
}

TEST_CASE(
    "normalisation: a warm start takes that of its file, if the file says and the channels are as many") {
  const Scratch scratch;
  const auto model = born();
  const auto saved = [&](const std::map<std::string, std::string>& metadata) {
    const std::string path = scratch / "m.safetensors";
    start::save_model(path, *model, metadata);
    return train::WarmStart{.file = path};
  };
  const auto ours = saved({{"framework", "fanin 0.1.0"}, {"mean", "[0.5,0.25,0]"}, {"stddev", "[1,2,0.5]"}});
  CHECK(ours.normalization(3) == data::Normalization{{0.5, 0.25, 0}, {1, 2, 0.5}});
  CHECK(ours.normalization(1).empty());
  CHECK(saved({{"mean", "[0.5,0.25,0]"}, {"stddev", "[1,2,0.5]"}})
            // somebody else's words
            .normalization(3)
            .empty());
  CHECK(saved({{"framework", "fanin 0.1.0"}}).normalization(3).empty());
  for (const char* bad : {"[1,2,-1]", "[1,2,0]", "[1,2,1e300]", "{}", "[1,2,\"x\"]", "[1,", "7"}) {
    CAPTURE(bad);
    const auto wrong = saved({{"framework", "fanin 0.1.0"}, {"mean", "[0,0,0]"}, {"stddev", bad}});
    CHECK(message([&] { wrong.normalization(3); }) != "no error");
  }
}

TEST_CASE("normalisation: constants of another number of channels, or that no float holds, are refused") {
  data::Dataset set = samples().training;
  CHECK(holds(message([&] { set.normalize({{0, 0}, {1, 1}}); }), "2 constants for images of 3 channels"));
  CHECK(holds(message([] { data::Transform().normalize({{0}, {1e-60}}); }), "must be positive"));
  CHECK(holds(message([] { data::Transform().normalize({{1e60}, {1}}); }), "must be finite"));
  CHECK(holds(message([] { data::Transform().normalize({{1}, {}}); }), "stddev is missing"));
  set.normalize({});
  CHECK(set.mean == samples().training.mean);
}
