#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/own_layer.hpp>
#include <fanin/ops/reshape.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/lockstep.hpp>
#include <fanin/train/sharded_step.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/allocations.hpp"
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
std::vector<std::vector<real>> trained(int count, Index shards, const std::string& text = everything,
                                       bool sync = false) {
  RankThreads threads(count);
  std::vector<std::vector<real>> states(static_cast<std::size_t>(count));
  std::vector<std::thread> team;
  for (int rank = 0; rank < count; ++rank) {
    team.emplace_back([&, rank] {
      const Ranks ranks = threads.of(rank);
      const auto model = model_of(text);
      train::TrainOptions options{
          .epochs = 2, .batch = 24, .shards = shards, .sync_batch_norm = sync, .ranks = &ranks};
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
      Ranks ranks = threads.of(static_cast<int>(rank));
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
  const Ranks ranks = threads.of(0);
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
  for (const char* text : {everything, "resnet_small(width=4)", "mlp(hidden=512-512, batch_norm=true)"}) {
    CAPTURE(text);
    const auto alone = trained(1, 8, text, true).front();
    for (const int ranks : {2, 4, 8}) {
      CAPTURE(ranks);
      for (const auto& state : trained(ranks, 8, text, true)) CHECK(state == alone);
    }
    CHECK(alone != trained(1, 8, text, false).front());
    CHECK(alone != trained(1, 4, text, true).front());
  }
  const auto six = trained(1, 6, everything, true).front();
  for (const auto& state : trained(3, 6, everything, true)) CHECK(state == six);
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

TEST_CASE("lockstep: whoever fails, or runs other layers, ends all of them with its reason") {
  const auto call = [](train::Lockstep& all, const std::function<void(std::size_t)>& body) {
    try {
      all.run(body);
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  const auto sum = [](std::span<double> into, std::span<const double> more) { into[0] += more[0]; };
  for (const std::size_t count : {1u, 2u, 5u}) {
    CAPTURE(count);
    std::vector<std::size_t> order;
    train::Lockstep all(count, {.enter = [&](std::size_t i) { order.push_back(i); },
                                .leave = [](std::size_t) {},
                                .meet = [](std::span<double> values, auto) { values[0] *= 10; }});
    std::vector<double> found(count);
    for (int again = 0; again < 3; ++again) {
      order.clear();
      CHECK(call(all, [&](std::size_t i) {
              found[i] = static_cast<double>(i + 1);
              all.meet(i, {&found[i], 1}, sum);
            }) == "none");
      const double both = 10 * static_cast<double>(count * (count + 1) / 2);
      CHECK(found == std::vector<double>(count, both));
      REQUIRE(order.size() == 2 * count);
      for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i % count);
      for (std::size_t who = 0; who < count; ++who) {
        for (const bool first : {true, false}) {
          CHECK(call(all, [&](std::size_t i) {
                  double value = 1;
                  if (i == who && first) throw std::runtime_error("no such luck");
                  all.meet(i, {&value, 1}, sum);
                  if (i == who) throw std::runtime_error("no such luck");
                  all.meet(i, {&value, 1}, sum);
                }) == "no such luck");
        }
        if (count > 1)
          CHECK(call(all, [&](std::size_t i) {
                  double value = 1;
                  if (i != who) all.meet(i, {&value, 1}, sum);
                }).find("one was done before the others") != std::string::npos);
      }
    }
  }
}
