#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/metrics.hpp>

using namespace fanin;

TEST_CASE("metrics: a prediction is the first of the largest logits; a row with a NaN has none") {
  const float nan = std::nanf("");
  const Tensor logits = Tensor::from({1, 3, 2, 5, 5, 0, nan, 9, 1, -INFINITY, -2, -3}, {4, 3});
  std::vector<std::int32_t> classes(4);
  train::predictions(logits, classes);
  CHECK(classes == std::vector<std::int32_t>{1, 0, -1, 1});
  CHECK(train::count_correct(logits, std::vector<std::int32_t>{1, 0, 1, 1}) == 3);
  CHECK(train::count_correct(logits, std::vector<std::int32_t>{0, 1, 0, 2}) == 0);
}

TEST_CASE("metrics: as many labels as rows, or an Error") {
  const Tensor logits = Tensor::from({1, 3, 2, 5, 5, 0}, {2, 3});
  for (const std::size_t labels : {0u, 1u, 3u, 100000u}) {
    CAPTURE(labels);
    std::vector<std::int32_t> some(labels);
    CHECK_THROWS_WITH_AS(train::count_correct(logits, some), doctest::Contains("got shape [2, 3]"), Error);
    CHECK_THROWS_AS(train::predictions(logits, some), Error);
  }
  const std::vector<std::int32_t> two(2);
  CHECK_THROWS_AS(train::count_correct(Tensor::zeros({2}), two), Error);
  CHECK_THROWS_AS(train::count_correct(Tensor::zeros({2, 3, 1}), two), Error);
  CHECK_THROWS_AS(train::count_correct(Tensor::zeros({2, 0}), two), Error);
}

namespace {

nn::ModulePtr born(const std::string& text, const models::InputSpec& input) {
  auto model = models::build(text, input);
  Generator generator(0);
  start::initialize(*model, generator);
  return model;
}

}  // namespace

TEST_CASE("metrics: a model with NaN among its outputs has no accuracy, not one of 0") {
  const data::Sets data = datasets::load_sets("synthetic(count=40, classes=3, size=8)");
  const auto model = born("mlp(hidden=8)", {.height = 8, .width = 8, .classes = 3});
  const auto before = train::evaluate(*model, data.test);
  CHECK(before.count == data.test.count);
  CHECK(before.undecided == 0);
  CHECK(before.accuracy >= 0);
  model->named_parameters().back().parameter->value.data()[0] =
      std::nanf("");  // one bias: one column of all samples
  const auto after = train::evaluate(*model, data.test);
  CHECK(after.undecided == data.test.count);
  CHECK(std::isnan(after.accuracy));
}

// For the thread sanitizer: whatever an evaluation writes in the model is a race here.
TEST_CASE(
    "metrics: several threads evaluate one const model, in either mode, and each gets what one alone gets") {
  const data::Sets data = datasets::load_sets("synthetic(count=64, classes=3, size=16, channels=3)");
  for (const char* text : {"mlp(hidden=16, batch_norm=true, dropout=0.5)", "lenet", "resnet_small(width=4)",
                           "mlp(hidden=8, activation=gelu)"}) {
    CAPTURE(text);
    const auto model = born(text, {.channels = 3, .height = 16, .width = 16, .classes = 3});
    model->train(std::string(text) != "lenet");
    const bool training = model->training();
    const nn::Module& shared = *model;
    const auto alone = train::evaluate(shared, data.test, 10);
    std::vector<train::Evaluation> each(4);
    std::vector<std::thread> threads;
    for (auto& mine : each) threads.emplace_back([&] { mine = train::evaluate(shared, data.test, 10); });
    for (auto& one : threads) one.join();
    for (const auto& one : each) {
      CHECK(one.loss == alone.loss);
      CHECK(one.accuracy == alone.accuracy);
      CHECK(one.confusion.counts == alone.confusion.counts);
    }
    CHECK(model->training() == training);
  }
}
