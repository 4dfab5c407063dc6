#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/own_layer.hpp>
#include <fanin/ops/reshape.hpp>
#include <fanin/train/sharded_step.hpp>

#include "tests/allocations.hpp"
#include "tests/compare/rank_threads.hpp"
#include "tests/train/shards.hpp"

using namespace fanin;
using namespace shards;

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
      train::ShardedStep step(*model, {.shards = shards}, nullptr);
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

TEST_CASE("shards: rows that weigh nothing, or are ignored, count in no shard as in the whole batch") {
  data::Batch batch = batch_of(24);
  std::sort(batch.labels.begin(), batch.labels.end());  // whole shards of class 0
  REQUIRE(batch.labels[2] == 0);
  for (const bool sync : {false, true}) {
    for (const double smoothing : {0.0, 0.1}) {
      for (const int kind : {0, 1, 2}) {
        CAPTURE(sync);
        CAPTURE(smoothing);
        CAPTURE(kind);
        const auto images = batch.images;
        ops::CrossEntropyOptions options{.label_smoothing = smoothing};
        if (kind != 1) options.class_weights = Tensor::from({0, 1, 3}, {3});
        data::Batch given{images, batch.labels};
        if (kind != 0) std::fill_n(given.labels.begin() + (kind == 1 ? 0 : 3), 4, options.ignore_index);
        const std::string text = sync ? "mlp(hidden=16, batch_norm=true)" : "mlp(hidden=16)";
        const auto alone = model_of(text);
        const Tensor loss = ops::cross_entropy((*alone)(images), given.labels, options);
        loss.backward();
        const auto whole = gradients_of(*alone);
        for (const Index shards : {1, 2, 8, 24}) {
          CAPTURE(shards);
          const auto model = model_of(text);
          train::ShardedStep step(*model, {.shards = shards, .sync_batch_norm = sync}, nullptr);
          const auto found = step(given, 0, options);
          CHECK(found.loss == doctest::Approx(static_cast<double>(loss.item())).epsilon(1e-5));
          const auto summed = gradients_of(*model);
          double worst = 0;
          for (std::size_t i = 0; i < whole.size(); ++i)
            worst = std::max(worst, std::abs(static_cast<double>(summed[i]) - static_cast<double>(whole[i])));
          CHECK(worst < 1e-5);
        }
      }
    }
  }
  const auto model = model_of("mlp(hidden=16)");
  train::ShardedStep step(*model, {.shards = 8}, nullptr);
  const ops::CrossEntropyOptions nothing{.class_weights = Tensor::from({0, 0, 0}, {3})};
  CHECK_THROWS_WITH_AS(step(batch, 0, nothing),
                       doctest::Contains("class weights of the batch's labels sum to 0"), Error);
  batch.labels[20] = 3;
  for (const Index shards : {8, 24}) {  // among others, and alone in its shard
    train::ShardedStep cut(*model, {.shards = shards}, nullptr);
    CHECK_THROWS_WITH_AS(cut(batch, 0, {.class_weights = Tensor::from({0, 1, 3}, {3})}),
                         doctest::Contains("label 3"), Error);
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

/// Passes through what it gets, and calls when its gradient comes.
struct Told {
  static constexpr const char* name = "told";
  std::function<void()> call;
  Tensor forward(const Tensor& x) { return x.detach().clone(); }
  void backward(const Tensor& grad, Gradients& grads) {
    call();
    grads.give(0, grad);
  }
};

struct BetweenTwo : nn::OwnLayer<BetweenTwo> {
  std::function<void()> call;
  nn::Child<nn::Linear> before = child("before", nn::Linear(64, 64)),
                        large = child("large", nn::Linear(64, 1200)),
                        head = child("head", nn::Linear(1200, 3));
  Tensor forward(const Tensor& x) override {
    return head(large(record(Told{call}, before(ops::flatten(x)))));
  }
};

TEST_CASE("shards: gradients are on their way to other ranks while backward still runs") {
  RankThreads threads(2);
  std::vector<std::thread> team;
  std::vector<int> too_late(2);
  for (std::size_t rank = 0; rank < 2; ++rank) {
    team.emplace_back([&, rank] {
      RankGroup ranks = threads.of(static_cast<int>(rank));
      std::atomic<int> begun{0}, least{std::numeric_limits<int>::max()};
      ranks.start_send = [&begun, send = ranks.start_send](int to, int tag,
                                                           std::span<const std::byte> bytes) {
        ++begun;
        return send(to, tag, bytes);
      };
      ranks.start_receive = [&begun, receive = ranks.start_receive](int from, int tag,
                                                                    std::span<std::byte> bytes) {
        ++begun;
        return receive(from, tag, bytes);
      };
      BetweenTwo model;
      int before_step = 0;
      model.call = [&] { least = std::min(least.load(), begun - before_step); };
      Generator generator(1);
      start::initialize(model, init::Plan::parse("default"), generator);
      train::TrainOptions options{.epochs = 2, .batch = 24, .shards = 2, .ranks = &ranks};
      options.on_step = [&](Index, double) { before_step = begun; };
      train::fit(model, samples(), options);
      too_late[rank] = least < 1;
    });
  }
  for (std::thread& one : team) one.join();
  CHECK(too_late == std::vector<int>{0, 0});
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
  train::ShardedStep(*model, {.shards = 3}, nullptr)(batch, 0, {});
  const auto moved = model->named_buffers().front().second.to_vector();
  for (std::size_t i = 0; i < mean.size(); ++i)
    CHECK(static_cast<double>(moved[i]) == doctest::Approx(mean[i]).epsilon(1e-5));
}

TEST_CASE("shards: what cannot be shared out alike is refused, with a number that can") {
  const auto model = model_of("mlp(hidden=4)");
  RankThreads threads(3);
  const RankGroup ranks = threads.of(0);
  CHECK_THROWS_WITH_AS(train::ShardedStep(*model, {.shards = 8}, &ranks),
                       doctest::Contains("8 shards cannot be shared out alike among 3 processes"), Error);
  CHECK_THROWS_WITH_AS(train::ShardedStep(*model, {.shards = 8}, &ranks), doctest::Contains("--shards 6"),
                       Error);
  train::TrainOptions options{.epochs = 1, .batch = 4, .shards = 5};
  CHECK_THROWS_WITH_AS(train::fit(*model, samples(), options),
                       doctest::Contains("shards must be between 1 and"), Error);
  const auto normed = model_of("mlp(hidden=4, batch_norm=true)");
  options.shards = 4;
  CHECK_THROWS_WITH_AS(train::fit(*normed, samples(), options), doctest::Contains("leave a shard of 1"),
                       Error);
}

TEST_CASE("shards: a step allocates nothing after its first rounds") {
  if (!counts_allocations()) return;
  const data::Batch batch = batch_of(24);
  for (const bool sync : {false, true}) {
    CAPTURE(sync);
    const auto model = model_of("vgg_small(width=4, batch_norm=true)");
    train::ShardedStep step(*model, {.shards = 4, .sync_batch_norm = sync}, nullptr);
    for (Index i = 0; i < 4; ++i) step(batch, i, {});
    const auto before = heap_allocations(), asked = pool_system_allocations();
    for (Index i = 4; i < 8; ++i) step(batch, i, {});
    CHECK(heap_allocations() == before);
    CHECK(pool_system_allocations() == asked);
  }
}
