#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include <fanin/core/error.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/sharded_step.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/compare/rank_threads.hpp"

using namespace fanin;

namespace {

const data::Sets& samples() {
  static const data::Sets sets = datasets::load_sets("synthetic(count=90, classes=3, size=8)");
  return sets;
}

nn::ModulePtr model_of(const std::string& text) {
  const data::Dataset& data = samples().training;
  auto model = models::build(text, models::input_of(data));
  Generator generator(1);
  start::initialize(*model, init::Plan::parse("default"), generator);
  return model;
}

data::Batch batch_of(Index count) { return data::first_batch(samples().training, count); }

std::vector<real> gradients_of(nn::Module& model) {
  std::vector<real> all;
  for (auto& one : model.named_parameters()) {
    REQUIRE(one.parameter->value.grad().defined());
    const auto values = one.parameter->value.grad().to_vector();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<real> state_of(nn::Module& model) {
  std::vector<real> all;
  for (const auto& entry : model.state_dict()) {
    const auto values = entry.second.to_vector();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

constexpr const char* everything = "mlp(hidden=16-8, batch_norm=true, dropout=0.3)";

/// A run of two epochs by so many ranks, which are threads here; all weights and statistics of each.
std::vector<std::vector<real>> trained(int count, Index shards, const std::string& text = everything) {
  RankThreads threads(count);
  std::vector<std::vector<real>> states(static_cast<std::size_t>(count));
  std::vector<std::thread> team;
  for (int rank = 0; rank < count; ++rank) {
    team.emplace_back([&, rank] {
      const Ranks ranks = threads.of(rank);
      const auto model = model_of(text);
      train::TrainOptions options{.epochs = 2, .batch = 24, .shards = shards, .ranks = &ranks};
      train::fit(*model, samples(), options);
      states[static_cast<std::size_t>(rank)] = state_of(*model);
    });
  }
  for (auto& one : team) one.join();
  return states;
}

}  // namespace

TEST_CASE("shards: their gradients are those of the whole batch, but for rounding") {
  const data::Batch batch = batch_of(23);  // which no number of shards divides
  for (const bool weighted : {false, true}) {
    ops::CrossEntropyOptions options{.label_smoothing = 0.1};
    if (weighted) options.class_weights = Tensor::from({0.5, 1, 3}, {3});
    const auto model = model_of("mlp(hidden=16)");
    const Tensor logits = (*model)(batch.images);
    const Tensor loss = ops::cross_entropy(logits, batch.labels, options);
    loss.backward();
    const auto whole = gradients_of(*model);
    for (const Index shards : {1, 2, 3, 7, 8, 23, 40}) {
      CAPTURE(shards);
      train::ShardedStep step(*model, shards, nullptr, 0);
      const auto found = step(batch, 0, options);
      CHECK(found.loss == doctest::Approx(static_cast<double>(loss.item())).epsilon(1e-5));
      CHECK(found.correct == train::count_correct(logits, batch.labels));
      const auto summed = gradients_of(*model);
      double worst = 0;
      for (std::size_t i = 0; i < whole.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(summed[i]) - static_cast<double>(whole[i])));
      CHECK(worst < 1e-6);
      CHECK(worst >= (shards == 1 ? 0 : 1e-12));  // another order of summing
    }
  }
}

TEST_CASE("shards: any number of ranks gives the bits of one, statistics and dropout among them") {
  for (const Index shards : {8, 6}) {
    const auto alone = trained(1, shards).front();
    for (const int ranks : {2, 3, 4, 6, 8, 12}) {
      const Index each = shards / ranks;
      if (each * ranks != shards || (each & (each - 1)) != 0) continue;
      CAPTURE(shards);
      CAPTURE(ranks);
      for (const auto& state : trained(ranks, shards)) CHECK(state == alone);
    }
    CHECK(trained(1, shards / 2).front() != alone);
  }
}

TEST_CASE("shards: a model larger than a bucket, and convolutions, likewise") {
  for (const char* text : {"mlp(hidden=512-512)", "vgg_small(width=4, batch_norm=true)"}) {
    CAPTURE(text);
    const auto alone = trained(1, 4, text).front();
    for (const auto& state : trained(4, 4, text)) CHECK(state == alone);
  }
}

TEST_CASE("shards: running statistics move by the mean of the shards'") {
  const data::Batch batch = batch_of(24);
  const auto model = model_of("mlp(hidden=8, batch_norm=true)");
  model->train();
  std::vector<double> mean;
  for (Index shard = 0; shard < 3; ++shard) {
    const auto one = model_of("mlp(hidden=8, batch_norm=true)");
    one->train();
    Tensor images({8, batch.images.size(1), batch.images.size(2), batch.images.size(3)});
    std::copy_n(batch.images.data() + shard * images.numel(), images.numel(), images.data());
    (*one)(images);
    const auto values = one->named_buffers().front().second.to_vector();
    mean.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) mean[i] += static_cast<double>(values[i]) / 3;
  }
  train::ShardedStep(*model, 3, nullptr, 0)(batch, 0, {});
  const auto moved = model->named_buffers().front().second.to_vector();
  for (std::size_t i = 0; i < mean.size(); ++i)
    CHECK(static_cast<double>(moved[i]) == doctest::Approx(mean[i]).epsilon(1e-5));
}

TEST_CASE("shards: what cannot be shared out alike is refused, with a number that can") {
  const auto model = model_of("mlp(hidden=4)");
  RankThreads threads(3);
  const Ranks ranks = threads.of(0);
  CHECK_THROWS_WITH_AS(train::ShardedStep(*model, 8, &ranks, 0),
                       doctest::Contains("8 shards cannot be shared out alike among 3 processes"), Error);
  CHECK_THROWS_WITH_AS(train::ShardedStep(*model, 8, &ranks, 0), doctest::Contains("--shards 6"), Error);
  train::TrainOptions options{.epochs = 1, .batch = 4, .shards = 5};
  CHECK_THROWS_WITH_AS(train::fit(*model, samples(), options),
                       doctest::Contains("shards must be between 1 and"), Error);
  const auto normed = model_of("mlp(hidden=4, batch_norm=true)");
  options.shards = 4;
  CHECK_THROWS_WITH_AS(train::fit(*normed, samples(), options), doctest::Contains("leave a shard of 1"),
                       Error);
}
