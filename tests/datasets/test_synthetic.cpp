#include <doctest/doctest.h>

#include <limits>

#include <fanin/core/error.hpp>

#include "datasets/synthetic.hpp"

using namespace fanin;

namespace {

/// How many test samples the nearest mean of a training class gets right.
double nearest_mean_accuracy(const data::Dataset& train, const data::Dataset& test) {
  const auto size = static_cast<std::size_t>(train.image_size());
  std::vector<std::vector<double>> means(static_cast<std::size_t>(train.classes), std::vector<double>(size));
  const auto counts = train.class_counts();
  for (Index i = 0; i < train.count; ++i) {
    const auto label = static_cast<std::size_t>(train.labels[static_cast<std::size_t>(i)]);
    for (std::size_t p = 0; p < size; ++p)
      means[label][p] += train.image(i)[p] / static_cast<double>(counts[label]);
  }
  int right = 0;
  for (Index i = 0; i < test.count; ++i) {
    double best = std::numeric_limits<double>::max();
    std::size_t guess = 0;
    for (std::size_t k = 0; k < means.size(); ++k) {
      double distance = 0;
      for (std::size_t p = 0; p < size; ++p) {
        const double difference = means[k][p] - test.image(i)[p];
        distance += difference * difference;
      }
      if (distance < best) {
        best = distance;
        guess = k;
      }
    }
    right += static_cast<int>(guess) == test.labels[static_cast<std::size_t>(i)];
  }
  return static_cast<double>(right) / static_cast<double>(test.count);
}

}  // namespace

TEST_CASE("the synthetic set is the same bytes every time, others for another seed or half") {
  const datasets::SyntheticOptions options{.classes = 4, .size = 12, .count = 100, .seed = 3};
  const data::Dataset train = datasets::make_synthetic(options, datasets::Split::train),
                      test = datasets::make_synthetic(options, datasets::Split::test);
  CHECK(train.images == datasets::make_synthetic(options, datasets::Split::train).images);
  datasets::SyntheticOptions other = options;
  other.seed = 4;
  CHECK(train.images != datasets::make_synthetic(other, datasets::Split::train).images);
  CHECK(train.count == 100);
  CHECK(test.count == 25);
  CHECK(train.class_counts() == std::vector<Index>(4, 25));
  CHECK(!std::equal(test.images.begin(), test.images.end(), train.images.begin()));
  // The bytes themselves: a change here changes every result that was ever made with this set.
  std::uint64_t sum = 0;
  for (const std::uint8_t pixel : train.images) sum = sum * 31 + pixel;
  CHECK(sum == 15407109481823584913u);
}

TEST_CASE("the synthetic set can be learned, and noise makes it harder") {
  datasets::SyntheticOptions options{.count = 500};
  CHECK(nearest_mean_accuracy(datasets::make_synthetic(options, datasets::Split::train),
                              datasets::make_synthetic(options, datasets::Split::test)) > 0.9);
  options.noise = 5;
  const double noisy = nearest_mean_accuracy(datasets::make_synthetic(options, datasets::Split::train),
                                             datasets::make_synthetic(options, datasets::Split::test));
  CHECK(noisy < 0.9);
  CHECK(noisy > 0.15);
}

TEST_CASE("a synthetic set of nothing is refused") {
  CHECK_THROWS_AS(datasets::make_synthetic({.classes = 0}, datasets::Split::train), Error);
  CHECK_THROWS_AS(datasets::make_synthetic({.count = 0}, datasets::Split::train), Error);
  CHECK_THROWS_AS(datasets::make_synthetic({.noise = -1}, datasets::Split::train), Error);
}
