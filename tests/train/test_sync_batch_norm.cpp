// Shards whose batch statistics are the whole batch's.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/train/sharded_step.hpp>

#include "tests/message.hpp"
#include "tests/train/shards.hpp"

using namespace fanin;
using namespace shards;

TEST_CASE("shards with one batch statistic: gradients and running statistics are those of the whole batch") {
  const data::Batch batch = batch_of(23);
  for (const char* text : {"mlp(hidden=16-8, batch_norm=true)", "vgg_small(width=4, batch_norm=true)",
                           "resnet_small(width=4)"}) {
    CAPTURE(text);
    for (const bool weighted : {false, true}) {
      ops::CrossEntropyOptions options{.label_smoothing = 0.1};
      if (weighted) options.class_weights = Tensor::from({real(0.01), 1, 3}, {3});
      const auto alone = model_of(text);
      ops::cross_entropy((*alone)(batch.images), batch.labels, options).backward();
      const auto whole = gradients_of(*alone);
      const auto statistics = state_of(*alone);
      double largest = 0;
      for (const real one : whole) largest = std::max(largest, std::abs(static_cast<double>(one)));
      for (const Index shards : {1, 2, 3, 8, 23}) {
        CAPTURE(shards);
        const auto model = model_of(text);
        train::ShardedStep step(*model, {.shards = shards, .sync_batch_norm = true}, nullptr);
        step(batch, 0, options);
        const auto summed = gradients_of(*model);
        const auto moved = state_of(*model);
        double worst = 0, apart = 0;
        for (std::size_t i = 0; i < whole.size(); ++i)
          worst = std::max(worst, std::abs(static_cast<double>(summed[i]) - static_cast<double>(whole[i])));
        for (std::size_t i = 0; i < moved.size(); ++i)
          apart =
              std::max(apart, std::abs(static_cast<double>(moved[i]) - static_cast<double>(statistics[i])));
        CHECK(worst < 3e-5 * largest);
        CHECK(apart < 1e-5);
        // Those of each shard alone are others.
        if (shards == 1 || shards == 23) continue;
        const auto own = model_of(text);
        train::ShardedStep(*own, {.shards = shards}, nullptr)(batch, 0, options);
        const auto others = gradients_of(*own);
        double difference = 0;
        for (std::size_t i = 0; i < whole.size(); ++i)
          difference =
              std::max(difference, std::abs(static_cast<double>(others[i]) - static_cast<double>(whole[i])));
        CHECK(difference > 100 * worst);
      }
    }
  }
}

TEST_CASE("shards with one batch statistic: any number of ranks gives the bits of one") {
  for (const char* text :
       {batch_norm_and_dropout, "resnet_small(width=4)", "mlp(hidden=512-512, batch_norm=true)"}) {
    CAPTURE(text);
    const auto alone = trained(1, 8, text, true).front();
    for (const int ranks : {2, 4, 8}) {
      CAPTURE(ranks);
      for (const auto& state : trained(ranks, 8, text, true)) CHECK(state == alone);
    }
    CHECK(alone != trained(1, 8, text, false).front());
    CHECK(alone != trained(1, 4, text, true).front());
  }
  const auto six = trained(1, 6, batch_norm_and_dropout, true).front();
  for (const auto& state : trained(3, 6, batch_norm_and_dropout, true)) CHECK(state == six);
}

TEST_CASE("shards with one batch statistic: threads change no bit") {
  const auto alone = trained(1, 4, "resnet_small(width=4)", true).front();
  set_threads(2);
  const auto model = model_of("resnet_small(width=4)");
  train::fit(*model, samples(), {.epochs = 2, .batch = 24, .shards = 4, .sync_batch_norm = true});
  set_threads(1);
  CHECK(state_of(*model) == alone);
}

TEST_CASE("shards with one batch statistic: refused where there is none, or a shard would be empty") {
  train::TrainOptions options{.epochs = 1, .batch = 24, .shards = 4, .sync_batch_norm = true};
  const auto plain = model_of("mlp(hidden=4)");
  CHECK_THROWS_WITH_AS(train::fit(*plain, samples(), options),
                       doctest::Contains("this model has no batch normalization"), Error);
  const auto model = model_of("mlp(hidden=4, batch_norm=true)");
  options.shards = 24;
  options.last_batch = data::LastBatch::keep;  // of 90, 18
  CHECK_THROWS_WITH_AS(train::fit(*model, samples(), options), doctest::Contains("use --shards 18"), Error);
  options.shards = 18;
  CHECK(train::fit(*model, samples(), options).steps == 4);
}
