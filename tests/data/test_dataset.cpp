#include <doctest/doctest.h>

#include <functional>

#include <fanin/core/error.hpp>
#include <fanin/data/dataset.hpp>

using namespace fanin;

namespace {

/// Six 1x1x2 images whose first pixel is their number, of classes 0 1 2 0 1 2.
data::Dataset six() {
  data::Dataset data{.name = "six",
                     .count = 6,
                     .channels = 1,
                     .height = 1,
                     .width = 2,
                     .classes = 3,
                     .class_names = {"a", "b", "c"},
                     .images = {0, 9, 1, 9, 2, 9, 3, 9, 4, 9, 5, 9},
                     .labels = {0, 1, 2, 0, 1, 2}};
  data.measure();
  return data;
}

std::vector<int> numbers(const data::Dataset& data) {
  std::vector<int> first;
  for (Index i = 0; i < data.count; ++i) first.push_back(data.image(i)[0]);
  return first;
}

}  // namespace

TEST_CASE("measure is the mean and standard deviation of pixel/255, per channel") {
  data::Dataset data{.name = "two channels",
                     .count = 2,
                     .channels = 2,
                     .height = 1,
                     .width = 2,
                     .classes = 1,
                     .images = {0, 255, 10, 10, 255, 0, 10, 10},
                     .labels = {0, 0}};
  data.measure();
  CHECK(data.mean[0] == doctest::Approx(0.5));
  CHECK(data.stddev[0] == doctest::Approx(0.5));
  CHECK(data.mean[1] == doctest::Approx(10 / 255.0));
  CHECK(data.stddev[1] == 1);  // a constant channel must not divide by zero
}

TEST_CASE("check names what does not hold together") {
  struct Case {
    const char* expected;
    std::function<void(data::Dataset&)> spoil;
  };
  const Case cases[] = {
      {"dataset 'six' is empty: it must have at least one sample", [](data::Dataset& d) { d.count = 0; }},
      {"dataset 'six': image size 1x0x2 must be positive", [](data::Dataset& d) { d.height = 0; }},
      {"dataset 'six': 0 classes, expected at least one", [](data::Dataset& d) { d.classes = 0; }},
      {"dataset 'six': 2 class names for 3 classes", [](data::Dataset& d) { d.class_names.pop_back(); }},
      {"dataset 'six': 11 image bytes, expected 6 images of 1x1x2",
       [](data::Dataset& d) { d.images.pop_back(); }},
      {"dataset 'six': 5 labels for 6 images", [](data::Dataset& d) { d.labels.pop_back(); }},
      {"dataset 'six': label 3 of sample 4 is out of range, expected 0..2",
       [](data::Dataset& d) { d.labels[4] = 3; }},
      {"dataset 'six': label -1 of sample 0 is out of range, expected 0..2",
       [](data::Dataset& d) { d.labels[0] = -1; }},
      {"dataset 'six': 0 means and 1 stddevs for 1 channels", [](data::Dataset& d) { d.mean.clear(); }},
      {"dataset 'six': channel 0 has mean 0 and stddev 0, expected finite numbers and a positive stddev",
       [](data::Dataset& d) {
         d.mean = {0};
         d.stddev = {0};
       }}};
  CHECK_NOTHROW(six().check());
  for (const Case& broken : cases) {
    data::Dataset data = six();
    broken.spoil(data);
    CHECK_THROWS_WITH_AS(data.check(), broken.expected, Error);
  }
}

TEST_CASE("subset and take keep images with their labels") {
  const std::vector<Index> chosen = {5, 0, 5};
  const data::Dataset part = six().subset(chosen);
  CHECK(numbers(part) == std::vector<int>{5, 0, 5});
  CHECK(part.labels == std::vector<std::int32_t>{2, 0, 2});
  CHECK(part.mean == six().mean);
  CHECK(numbers(six().take(2)) == std::vector<int>{0, 1});
  const std::vector<Index> beyond = {6};
  CHECK_THROWS_WITH_AS(six().subset(beyond), "dataset 'six': image 6 is out of range, it has 6", Error);
  CHECK_THROWS_WITH_AS(six().take(7), "dataset 'six': cannot take 7 of its 6 samples", Error);
}

TEST_CASE("take_per_class draws the same balanced part for the same seed") {
  const data::Dataset one = six().take_per_class(1, 7);
  CHECK(one.class_counts() == std::vector<Index>{1, 1, 1});
  CHECK(numbers(one) == numbers(six().take_per_class(1, 7)));
  bool differs = false;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    differs = differs || numbers(six().take_per_class(1, seed)) != numbers(one);
  CHECK(differs);
  CHECK_THROWS_WITH_AS(six().take_per_class(3, 0), "dataset 'six': class 'a' has 2 samples, cannot take 3",
                       Error);
}

TEST_CASE("split gives two disjoint parts that are the whole, class by class") {
  const auto [first, second] = six().split(0.5, 1);
  CHECK(first.class_counts() == std::vector<Index>{1, 1, 1});
  CHECK(second.class_counts() == std::vector<Index>{1, 1, 1});
  std::vector<int> all = numbers(first);
  for (const int number : numbers(second)) all.push_back(number);
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector<int>{0, 1, 2, 3, 4, 5});
  CHECK_THROWS_AS(six().split(1, 0), Error);
  CHECK_THROWS_AS(six().split(0.01, 0), Error);
}

TEST_CASE("only_classes renumbers the classes it keeps in the order given") {
  const std::vector<int> kept = {2, 0};
  const data::Dataset part = six().only_classes(kept);
  CHECK(numbers(part) == std::vector<int>{0, 2, 3, 5});
  CHECK(part.labels == std::vector<std::int32_t>{1, 0, 1, 0});
  CHECK(part.class_names == std::vector<std::string>{"c", "a"});
  CHECK_NOTHROW(part.check());
  const std::vector<int> unknown = {3}, twice = {1, 1};
  CHECK_THROWS_WITH_AS(six().only_classes(unknown), "dataset 'six': no class 3, expected 0..2", Error);
  CHECK_THROWS_WITH_AS(six().only_classes(twice), "dataset 'six': class 1 is named twice", Error);
}
