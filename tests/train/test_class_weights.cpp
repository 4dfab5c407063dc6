// Class weights of a training run, and scores that count every class alike.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/class_scores.hpp>
#include <fanin/train/settings.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;
using train::ClassWeights;

namespace {

/// `counts[c]` samples of class c, of noise around a level of its own.
data::Dataset uneven(std::initializer_list<int> counts) {
  data::Dataset data{.name = "uneven", .height = 4, .width = 4, .classes = static_cast<int>(counts.size())};
  Generator generator(1);
  std::int32_t label = 0;
  for (const int count : counts) {
    for (int i = 0; i < count; ++i) {
      data.labels.push_back(label);
      for (int p = 0; p < 16; ++p)
        data.images.push_back(static_cast<std::uint8_t>(40 * label + generator.below(100)));
    }
    ++label;
  }
  data.count = static_cast<Index>(data.labels.size());
  data.measure();
  return data;
}

nn::Sequential net_of(int classes) {
  nn::Sequential net("flatten", nn::Flatten(), "fc", nn::Linear(16, classes));
  Generator generator(2);
  start::initialize(net, generator);
  return net;
}

std::vector<real> trained(const data::Dataset& data, const ClassWeights& weights, double smoothing = 0) {
  auto net = net_of(data.classes);
  train::fit(net, {data, {}, data},
             {.epochs = 1,
              .batch = data.count,
              .optimizer = {.lr = 0.5},
              .label_smoothing = smoothing,
              .class_weights = weights});
  return net.parameter("fc.weight")->value.to_vector();
}

}  // namespace

TEST_CASE("class weights: texts parse, print and are refused by what is wrong with them") {
  for (const char* text : {"none", "balanced", "1,2,0.5"})
    CHECK(ClassWeights::parse(text).to_string() == text);
  CHECK(ClassWeights::parse(" 3 , 1e2").to_string() == "3,100");
  CHECK(ClassWeights::parse("none").none());
  CHECK_FALSE(ClassWeights::parse("1,1").none());
  for (const char* bad :
       {"", "ballanced", "1,,2", "1,2,", "1,-2", "0,1", "1,nan", "inf,1", "1;2", "1e300,1", "1x"}) {
    CAPTURE(bad);
    CHECK(usage_message([&] { ClassWeights::parse(bad); }).find("class weights: ") == 0);
  }
  CHECK(usage_message([] {
          ClassWeights::parse("1,0");
        }).find("'0' for class 1 must be a number from 1e-06 to") != std::string::npos);
  const data::Dataset data = uneven({4, 2});
  CHECK(usage_message([&] { ClassWeights::parse("1,2,3").of(data); }) ==
        "class weights: 3 numbers for the 2 classes of data set 'uneven'; give one for each class");
  CHECK(usage_message([&] { trained(data, ClassWeights::parse("1")); }).find("1 numbers for the 2 classes") !=
        std::string::npos);
}

TEST_CASE(
    "class weights: balanced are samples / (classes · samples of the class), and none for a class without samples") {
  CHECK(ClassWeights::parse("balanced").of(uneven({6, 2, 4})).to_vector() ==
        std::vector<real>{real(12) / 18, 2, 1});
  CHECK(ClassWeights::parse("balanced").of(uneven({6, 0, 6})).to_vector() ==
        std::vector<real>{real(12) / 18, 0, real(12) / 18});
  CHECK_FALSE(ClassWeights().of(uneven({1, 1})).defined());
}

TEST_CASE(
    "class weights: a run's loss is PyTorch's weighted mean, so balanced trains as if every class had as many samples") {
  // Each sample of the second class three times, against weights: sums and weights' sums are the same.
  data::Dataset few = uneven({6, 2}), equal = few;
  for (int copy = 0; copy < 2; ++copy) {
    equal.images.insert(equal.images.end(), few.images.end() - 32, few.images.end());
    equal.labels.insert(equal.labels.end(), {1, 1});
  }
  equal.count = 12;
  const auto plain = trained(equal, {}), balanced = trained(few, ClassWeights::parse("balanced")),
             same = trained(few, ClassWeights::parse("2,6")), unweighted = trained(few, {});
  double apart = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(balanced[i] == doctest::Approx(plain[i]).epsilon(1e-4));
    CHECK(same[i] == doctest::Approx(plain[i]).epsilon(1e-4));
    apart = std::max(apart, std::abs(static_cast<double>(unweighted[i] - plain[i])));
  }
  CHECK(apart > 1e-3);
  CHECK(trained(few, ClassWeights::parse("1,1"), 0.1) == trained(few, Tensor::ones({2}), 0.1));
}

TEST_CASE("class weights: are a setting that a checkpoint's run must share") {
  const auto value = [](const ClassWeights& weights) {
    for (const auto& [name, text] : train::settings_of(train::TrainOptions{.class_weights = weights})) {
      if (name == "class_weights") return text;
    }
    return std::string("not there");
  };
  CHECK(value({}) == "none");
  CHECK(value(ClassWeights::parse("balanced")) == "balanced");
  CHECK(value(Tensor::from({1, 2}, {2})) == "1,2");
}

TEST_CASE(
    "class scores: precision, recall, F1 and their means by hand, with classes that are absent or never predicted") {
  //            predicted:   0  1  2  3
  const train::Confusion confusion{4,
                                   {5, 1, 0, 0,    // class 0
                                    2, 2, 0, 0,    // class 1
                                    1, 2, 0, 0,    // class 2 is never predicted
                                    0, 0, 0, 0}};  // class 3 is not there at all
  const auto scores = train::class_scores(confusion);
  CHECK(scores[0].precision == doctest::Approx(5.0 / 8));
  CHECK(scores[0].recall == doctest::Approx(5.0 / 6));
  CHECK(scores[0].f1 == doctest::Approx(2 * (5.0 / 8) * (5.0 / 6) / (5.0 / 8 + 5.0 / 6)));
  CHECK(scores[1].f1 == doctest::Approx(2 * 0.4 * 0.5 / 0.9));
  CHECK(std::isnan(scores[2].precision));
  CHECK(scores[2].recall == 0);
  CHECK(scores[2].f1 == 0);
  CHECK(std::isnan(scores[3].recall));
  CHECK(std::isnan(scores[3].f1));
  CHECK(train::macro_f1(scores) == doctest::Approx((scores[0].f1 + scores[1].f1 + 0) / 3));
  CHECK(train::balanced_accuracy(scores) == doctest::Approx((5.0 / 6 + 0.5 + 0) / 3));
  // A class without samples that is predicted counts in F1, and in recall not.
  const auto wrong = train::class_scores({2, {3, 1, 0, 0}});
  CHECK(train::macro_f1(wrong) == doctest::Approx((2 * 3.0 / 7 + 0) / 2));
  CHECK(train::balanced_accuracy(wrong) == doctest::Approx(0.75));
  // Four samples of class 0 whose logits are NaN are in no column, and wrong all the same.
  const auto lost = train::class_scores({2, {4, 0, 0, 2}}, {8, 2});
  CHECK(lost[0].recall == 0.5);
  CHECK(train::balanced_accuracy(lost) == doctest::Approx(0.75));
  CHECK(train::macro_f1(train::class_scores({2, {0, 0, 0, 0}})) == 0);
}
