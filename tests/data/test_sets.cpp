#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fanin/core/error.hpp>
#include <fanin/data/sets.hpp>
#include <fanin/random/generator.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;
using data::Share;

namespace {

/// 1x1x2 images of so many samples a class, in mixed order; the pixels are the image's number.
data::Dataset of_classes(const std::vector<Index>& counts) {
  std::vector<std::int32_t> labels;
  for (std::size_t c = 0; c < counts.size(); ++c)
    labels.insert(labels.end(), static_cast<std::size_t>(counts[c]), static_cast<std::int32_t>(c));
  Generator gen(7);
  for (std::size_t left = labels.size(); left > 1; --left)
    std::swap(labels[left - 1], labels[static_cast<std::size_t>(gen.below(static_cast<Index>(left)))]);
  data::Dataset data{.name = "made",
                     .count = static_cast<Index>(labels.size()),
                     .height = 1,
                     .width = 2,
                     .classes = static_cast<int>(counts.size()),
                     .labels = std::move(labels)};
  for (Index i = 0; i < data.count; ++i) {
    data.images.push_back(static_cast<std::uint8_t>(i % 256));
    data.images.push_back(static_cast<std::uint8_t>(i / 256));
  }
  data.measure();
  return data;
}

data::Sets sets_of(const std::vector<Index>& counts) {
  data::Sets sets{.training = of_classes(counts), .test = of_classes({1})};
  sets.test.classes = sets.training.classes;
  sets.test.mean = sets.training.mean;
  sets.test.stddev = sets.training.stddev;
  return sets;
}

std::vector<int> numbers(const data::Dataset& data) {
  std::vector<int> all;
  for (Index i = 0; i < data.count; ++i) all.push_back(data.image(i)[0] + 256 * data.image(i)[1]);
  return all;
}

Index sum(const std::vector<Index>& parts) { return std::accumulate(parts.begin(), parts.end(), Index{0}); }

}  // namespace

TEST_CASE("share: a share, a number of images or none, and its text reads back") {
  CHECK(Share().none());
  CHECK(Share(0).none());
  CHECK(Share::parse("none").none());
  CHECK(Share::parse("0").none());
  CHECK(Share(0.1).of(60000) == 6000);
  CHECK(Share(0.25).of(10) == 3);  // rounded
  CHECK(Share(5000).of(60000) == 5000);
  CHECK(Share(1).of(60000) == 1);
  for (const char* text : {"none", "0.1", "5000", "0.123456789", "1"})
    CHECK(Share::parse(text).to_string() == text);
  for (const char* text : {"", "0.1x", "x", "-0.1", "1.5", "nan", "inf", "1e300", "10%", "0,1", "-3"}) {
    CAPTURE(text);
    CHECK(usage_message([&] { Share::parse(text); }).starts_with("validation: "));
  }
}

TEST_CASE("stratified: the whole is met, and every class keeps its proportion") {
  CHECK(data::stratified({10, 10, 10}, 3) == std::vector<Index>{1, 1, 1});
  CHECK(data::stratified({10, 10, 10}, 4) == std::vector<Index>{2, 1, 1});
  CHECK(data::stratified({70, 20, 10}, 10) == std::vector<Index>{7, 2, 1});
  CHECK(data::stratified({1000, 0, 2}, 10, 1) ==
        std::vector<Index>{9, 0, 1});  // 0.02 of it, but one at least
  CHECK(data::stratified({1000, 1}, 10, 1).empty());
  CHECK(data::stratified({5, 5}, 11).empty());
  Generator gen(1);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<Index> counts(static_cast<std::size_t>(1 + gen.below(12)));
    const Index most = Index{1} << (1 + gen.below(12));
    for (Index& count : counts) count = gen.below(8) == 0 ? 0 : 2 + gen.below(most);
    const Index all = sum(counts);
    const auto present = static_cast<Index>(
        std::count_if(counts.begin(), counts.end(), [](Index count) { return count > 0; }));
    if (present == 0) continue;
    const Index least = gen.below(2);
    const Index total = least * present + gen.below(all - 2 * least * present + 1);
    CAPTURE(trial);
    const auto parts = data::stratified(counts, total, least);
    REQUIRE(parts.size() == counts.size());
    CHECK(sum(parts) == total);
    bool bounded = false;  // some class was held at its bound, and others gave way
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0) {
        CHECK(parts[c] == 0);
        continue;
      }
      CHECK(parts[c] >= least);
      CHECK(parts[c] <= counts[c] - least);
      bounded = bounded || (least > 0 && (parts[c] == least || parts[c] == counts[c] - least));
    }
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const double exact =
          static_cast<double>(total) * static_cast<double>(counts[c]) / static_cast<double>(all);
      if (!bounded) CHECK(std::abs(static_cast<double>(parts[c]) - exact) < 1);
      for (std::size_t other = 0; other < c; ++other)
        if (counts[c] == counts[other]) CHECK(parts[other] - parts[c] <= 1);
    }
  }
}

TEST_CASE("cut: two parts that together are the whole, in order, each class in proportion") {
  const bool holds = rc::check([] {
    const auto classes = *rc::gen::inRange<std::size_t>(1, 7);
    const auto counts = *rc::gen::container<std::vector<Index>>(classes, rc::gen::inRange<Index>(10, 70));
    const Share share = *rc::gen::arbitrary<bool>() ? Share(0.1 + 0.004 * *rc::gen::inRange(0, 100))
                                                    : Share(*rc::gen::inRange(7, 11));
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const data::Sets whole = sets_of(counts), cut = data::cut_validation(whole, share, seed);
    RC_ASSERT(cut.validation.count == share.of(whole.training.count));
    RC_ASSERT(cut.training.count + cut.validation.count == whole.training.count);
    auto kept = numbers(cut.training), held = numbers(cut.validation);
    RC_ASSERT(std::is_sorted(kept.begin(), kept.end()));
    RC_ASSERT(std::is_sorted(held.begin(), held.end()));
    kept.insert(kept.end(), held.begin(), held.end());
    RC_ASSERT(std::set<int>(kept.begin(), kept.end()).size() ==
              static_cast<std::size_t>(whole.training.count));
    RC_ASSERT(cut.validation.class_counts() == data::stratified(counts, share.of(whole.training.count), 1));
    for (const Index left : cut.training.class_counts()) RC_ASSERT(left >= 1);
    RC_ASSERT(cut.test.images == whole.test.images);
  });
  CHECK(holds);
}

TEST_CASE("cut: the seed of the data alone says which images it takes") {
  const data::Sets whole = sets_of({40, 40, 40});
  const auto held = numbers(data::cut_validation(whole, 0.25, 0).validation);
  CHECK(held == numbers(data::cut_validation(whole, 0.25, 0).validation));
  CHECK(held != numbers(data::cut_validation(whole, 0.25, 1).validation));
  // A larger cut holds a smaller one.
  const auto more = numbers(data::cut_validation(whole, 0.5, 0).validation);
  CHECK(std::includes(more.begin(), more.end(), held.begin(), held.end()));
}

TEST_CASE("cut: what was measured is measured on the training images alone; what was given stays") {
  data::Sets whole = sets_of({50, 50});
  const data::Sets cut = data::cut_validation(whole, 0.5, 3);
  data::Dataset training = cut.training;
  training.measure();
  CHECK(cut.training.mean == training.mean);
  CHECK(cut.training.mean != whole.training.mean);
  CHECK(cut.validation.mean == training.mean);
  CHECK(cut.test.stddev == training.stddev);
  whole.training.normalize({{0.5}, {0.25}});
  CHECK(data::cut_validation(whole, 0.5, 3).training.mean == std::vector<float>{0.5F});
}

TEST_CASE("cut: too few labels are an error that says what to do") {
  const auto refused = [](const std::vector<Index>& counts, const Share& share) {
    return usage_message([&] { data::cut_validation(sets_of(counts), share, 0); });
  };
  CHECK(refused({3, 3, 3}, 0.1).find("1 of 9 training images for validation are too few for 3 classes") !=
        std::string::npos);
  CHECK(refused({3, 3, 3}, 0.1).find("--validation 3 or more") != std::string::npos);
  CHECK(refused({30, 1}, 0.5).find("class '1' has one training image") != std::string::npos);
  CHECK(refused({5, 5}, 9).find("leave too few to train on 2 classes") != std::string::npos);
  CHECK(refused({5, 5}, 50).find("--validation 8 or less") != std::string::npos);
  CHECK(refused({3, 3, 3}, 3) == "no error");
  CHECK(refused({3, 0, 3}, 2) == "no error");  // a class without images has none to spare
  CHECK(data::why_not_cut(sets_of({3, 3, 3}).training, {}).empty());
  data::Sets brought = sets_of({5, 5});
  brought.validation = brought.training;
  CHECK(usage_message([&] {
          data::cut_validation(brought, 0.2, 0);
        }).find("brings a validation set of 10 images: leave --validation 0.2 away") != std::string::npos);
  CHECK(data::cut_validation(brought, {}, 0).validation.count == 10);
}
