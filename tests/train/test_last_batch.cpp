// What a run does with samples that do not fill a batch.
#include <doctest/doctest.h>

#include <fanin/core/fail.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;
using train::Status;

namespace {

data::Sets of(Index count) {
  return datasets::load_sets(fmt::format("synthetic(count={}, classes=3, size=8)", count));
}

nn::ModulePtr born(const std::string& text) {
  auto model = models::build(text, {.height = 8, .width = 8, .classes = 3});
  Generator generator(0);
  start::initialize(*model, generator);
  return model;
}

constexpr const char* plain = "mlp(hidden=6)";
constexpr const char* normed = "mlp(hidden=6, batch_norm=true)";

train::TrainResult trained(const std::string& text, Index count, train::TrainOptions options) {
  const data::Sets data = of(count);
  return train::fit(*born(text), data, options);
}

std::vector<std::vector<real>> state(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& [name, tensor] : model.state_dict()) all.push_back(tensor.to_vector());
  return all;
}

}  // namespace

TEST_CASE("last batch: models with batch statistics spread it, others keep it, and the result says which") {
  CHECK(trained(plain, 65, {.epochs = 1}).last_batch == data::LastBatch::keep);
  CHECK(trained(plain, 65, {.epochs = 1, .last_batch = data::LastBatch::drop}).last_batch ==
        data::LastBatch::drop);
  for (const Index count : {1 + 64, 1 + 128, 1 + 640}) {
    CAPTURE(count);
    const auto result = trained(normed, count, {.epochs = 2});
    CHECK(result.status == Status::ok);
    CHECK(result.last_batch == data::LastBatch::spread);
    CHECK(result.steps == 2 * (count / 64 + 1));
  }
  CHECK(trained(normed, 65, {.epochs = 2, .last_batch = data::LastBatch::drop}).steps == 2);
}

TEST_CASE(
    "last batch: one that batch statistics do not allow is refused before the first step, with numbers that help") {
  struct Case {
    Index count, batch;
    data::LastBatch last;
    std::string advice;
  };
  for (const Case& one : {Case{65, 64, data::LastBatch::keep, "use a batch of 63, or spread"},
                          Case{9, 4, data::LastBatch::keep, "use a batch of 3, or spread"},
                          Case{3, 2, data::LastBatch::spread, "use a larger batch"},
                          Case{1, 8, data::LastBatch::spread, "use more samples"},
                          Case{5, 1, data::LastBatch::drop, "use a larger batch"}}) {
    const Index count = one.count, batch = one.batch;
    CAPTURE(count);
    int steps = 0;
    const data::Sets data = of(std::max<Index>(count, 3));
    const auto model = born(normed);
    const auto before = state(*model);
    train::TrainOptions options{.epochs = 1, .batch = batch, .last_batch = one.last};
    options.on_step = [&](Index, double) { ++steps; };
    const std::string says = usage_message([&] {
      train::fit(*model, {data.training.take(count), {}, data.test}, options);
    });
    CAPTURE(says);
    CHECK(says.find(fmt::format("{} samples in batches of {}", count, batch)) != std::string::npos);
    CHECK(says.find(one.advice) != std::string::npos);
    CHECK(steps == 0);
    CHECK(state(*model) == before);
  }
  // One sample has statistics where each channel has many values, and where they are frozen.
  const data::Sets data = datasets::load_sets("synthetic(count=65, classes=3, size=16)");
  for (const bool frozen : {false, true}) {
    const auto model = models::build(frozen ? "mlp(hidden=6, batch_norm=true)" : "resnet_small(width=2)",
                                     {.height = 16, .width = 16, .classes = 3});
    Generator generator(0);
    start::initialize(*model, generator);
    train::TrainOptions options{.epochs = 1, .last_batch = data::LastBatch::keep};
    if (frozen) {
      for (const auto& one : model->named_parameters()) {
        if (one.owner->kind() == "BatchNorm1d") options.finetune.freeze.push_back(one.name);
      }
    }
    CHECK(train::fit(*model, data, options).steps == 2);
  }
}

TEST_CASE("last batch: schedule, history and resume follow the number of batches there are") {
  for (const data::LastBatch last : {data::LastBatch::keep, data::LastBatch::drop, data::LastBatch::spread}) {
    CAPTURE(name_of(last));
    const data::Sets data = of(70);
    const Scratch scratch;
    train::TrainOptions options{.epochs = 3, .batch = 16, .last_batch = last, .seed = 2};
    options.schedule = optim::Schedule::parse("cosine");
    const auto whole = born(plain);
    const auto result = train::fit(*whole, data, options);
    const Index batches = last == data::LastBatch::drop ? 4 : 5;
    CHECK(result.steps == 3 * batches);
    Index tested = 0;
    for (const Index count : result.test.confusion.counts) tested += count;
    CHECK(tested == data.test.count);  // a test leaves nothing out

    options.checkpoint.folder = scratch / "run";
    int asked = 0;
    options.stop = [&] { return ++asked == batches + 2; };
    train::fit(*born(plain), data, options);
    options.stop = {};
    options.checkpoint.resume = true;
    const auto other_way = last == data::LastBatch::keep ? data::LastBatch::spread : data::LastBatch::keep;
    auto changed = options;
    changed.last_batch = other_way;
    CHECK(usage_message([&] {
            train::fit(*born(plain), data, changed);
          }).find(fmt::format("batch was '{}', now it is '{}'", name_of(last), name_of(other_way))) !=
          std::string::npos);
    const auto resumed = born(plain);
    train::fit(*resumed, data, options);
    CHECK(state(*resumed) == state(*whole));
  }
}

TEST_CASE("last batch: dropping what is the only batch is refused") {
  CHECK(usage_message([] {
          trained(plain, 20, {.epochs = 1, .last_batch = data::LastBatch::drop});
        }).find("20 samples, fewer than one batch of 64") != std::string::npos);
  CHECK(trained(plain, 20, {.epochs = 1}).steps == 1);
  CHECK(trained(plain, 20, {.epochs = 1, .last_batch = data::LastBatch::spread}).steps == 1);
}
