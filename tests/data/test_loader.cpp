#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include <fanin/core/error.hpp>
#include <fanin/data/loader.hpp>

#include "tests/allocations.hpp"

using namespace fanin;

namespace {

/// `count` 1x2x2 images; every pixel and the label of sample i are i.
data::Dataset numbered(Index count) {
  data::Dataset data{.name = "numbered",
                     .count = count,
                     .channels = 1,
                     .height = 2,
                     .width = 2,
                     .classes = static_cast<int>(count),
                     .mean = {0},
                     .stddev = {1.0f / 255}};
  for (Index i = 0; i < count; ++i) {
    data.images.insert(data.images.end(), 4, static_cast<std::uint8_t>(i));
    data.labels.push_back(static_cast<std::int32_t>(i));
  }
  return data;
}

std::vector<int> epoch(data::Loader& loader) {
  std::vector<int> order;
  for (data::Batch batch; loader.next(batch);)
    order.insert(order.end(), batch.labels.begin(), batch.labels.end());
  return order;
}

std::vector<int> counting(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

TEST_CASE("an epoch hands out each sample once, the last batch short, images beside their labels") {
  const data::Dataset data = numbered(10);
  data::Loader loader(data, {.batch = 4, .shuffle = true}, Generator(3));
  CHECK(loader.batches() == 3);
  for (int e = 0; e < 2; ++e) {
    std::vector<int> seen;
    std::vector<Index> sizes;
    for (data::Batch batch; loader.next(batch);) {
      sizes.push_back(batch.size());
      REQUIRE(batch.images.shape() == Shape{batch.size(), 1, 2, 2});
      for (Index i = 0; i < batch.size(); ++i) {
        const std::int32_t label = batch.labels[static_cast<std::size_t>(i)];
        seen.push_back(label);
        for (Index p = 0; p < 4; ++p)
          CHECK(batch.images.data()[i * 4 + p] == doctest::Approx(static_cast<double>(label)));
      }
    }
    CHECK(sizes == std::vector<Index>{4, 4, 2});
    CHECK(seen != counting(10));
    std::sort(seen.begin(), seen.end());
    CHECK(seen == counting(10));
  }
}

TEST_CASE("the order is the generator's alone") {
  const data::Dataset data = numbered(50);
  data::Loader a(data, {.batch = 8, .shuffle = true}, Generator(5));
  data::Loader b(data, {.batch = 8, .shuffle = true, .transform = data::Transform().flip().shift(1, 1)},
                 Generator(5));
  data::Loader other(data, {.batch = 8, .shuffle = true}, Generator(6));
  const auto first = epoch(a), second = epoch(a);
  CHECK(first != second);
  CHECK(epoch(b) == first);
  CHECK(epoch(b) == second);
  CHECK(epoch(other) != first);
  const std::vector<Index> drawn = Generator(5).randperm(50);
  CHECK(std::equal(first.begin(), first.end(), drawn.begin(), drawn.end()));  // torch.randperm's order
}

TEST_CASE("without shuffling the order is the dataset's; a short last batch is kept, dropped or spread") {
  const data::Dataset data = numbered(10);
  data::Loader plain(data, {.batch = 4});
  CHECK(epoch(plain) == counting(10));
  data::Loader dropping(data, {.batch = 4, .last_batch = data::LastBatch::drop});
  CHECK(dropping.batches() == 2);
  CHECK(epoch(dropping) == counting(8));
  data::Loader spreading(data, {.batch = 4, .last_batch = data::LastBatch::spread});
  CHECK(spreading.batches() == 3);
  std::vector<Index> sizes;
  for (data::Batch batch; spreading.next(batch);) sizes.push_back(batch.size());
  CHECK(sizes == std::vector<Index>{4, 3, 3});
  CHECK(epoch(spreading) == counting(10));
  data::Loader large(data, {.batch = 1000});
  CHECK(large.batches() == 1);
  CHECK(epoch(large) == counting(10));
}

TEST_CASE("pixels are normalised by each channel's mean and stddev") {
  data::Dataset data = numbered(1);
  data.channels = 2;
  data.images = {0, 255, 51, 102, 0, 255, 51, 102};
  data.mean = {0, 0.5f};
  data.stddev = {1, 0.25f};
  data::Batch batch;
  data::Loader own(data, {});
  REQUIRE(own.next(batch));
  const double expected[] = {0, 1, 0.2, 0.4, -2, 2, -1.2, -0.4};
  for (int i = 0; i < 8; ++i) CHECK(batch.images.data()[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  data::Loader replaced(data, {.transform = data::Transform().normalize(0.2, 0.2)});
  REQUIRE(replaced.next(batch));
  for (int i = 0; i < 8; ++i)
    CHECK(batch.images.data()[i] == doctest::Approx(expected[i % 4] * 5 - 1).epsilon(1e-6));
}

TEST_CASE("seek continues a walk exactly, augmentation included") {
  data::Dataset data = numbered(23);
  for (std::size_t i = 0; i < data.images.size(); ++i) data.images[i] = static_cast<std::uint8_t>(i * 37);
  const data::LoaderOptions options{
      .batch = 5, .shuffle = true, .transform = data::Transform::parse("shift(1); flip")};
  const auto rest = [&](data::Loader& loader, int steps) {
    std::vector<real> values;
    for (data::Batch batch; steps > 0; --steps)
      if (loader.next(batch))
        values.insert(values.end(), batch.images.values().begin(), batch.images.values().end());
    return values;
  };
  for (const int steps : {0, 1, 4, 5, 6, 7, 14, 17}) {
    CAPTURE(steps);
    data::Loader walked(data, options, Generator(9));
    rest(walked, steps);
    data::Loader resumed(data, options, Generator(9));
    data::Batch elsewhere;
    resumed.next(elsewhere);
    resumed.seek(walked.position());
    CHECK(resumed.position() == walked.position());
    CHECK(rest(resumed, 9) == rest(walked, 9));
  }
  data::Loader loader(data, options, Generator(9));
  CHECK_THROWS_WITH_AS(loader.seek({.epoch = 0, .batch = 6}),
                       "loader: no position epoch 0, batch 6: an epoch of dataset 'numbered' has 5 batches",
                       Error);
  CHECK_THROWS_AS(loader.seek({.epoch = -1, .batch = 0}), Error);
}

TEST_CASE("a batch somebody still holds is not overwritten") {
  const data::Dataset data = numbered(8);
  data::Loader loader(data, {.batch = 4});
  data::Batch batch;
  REQUIRE(loader.next(batch));
  const Tensor kept = batch.images;
  REQUIRE(loader.next(batch));
  CHECK(kept.data()[0] == 0);
  CHECK(batch.images.data()[0] == doctest::Approx(4.0));
}

TEST_CASE("what no loader can do is refused") {
  const data::Dataset data = numbered(3);
  CHECK_THROWS_WITH_AS(data::Loader(data, {.batch = 0}), "loader: batch 0 must be at least 1", Error);
  CHECK_THROWS_WITH_AS(
      data::Loader(data, {.batch = 4, .last_batch = data::LastBatch::drop}),
      doctest::Contains(
          "dataset 'numbered' has 3 samples, fewer than one batch of 4, and dropping the last batch leaves none"),
      Error);
  CHECK_THROWS_WITH_AS(data::Loader(data, {.transform = data::Transform().normalize({{0, 0}, {1, 1}})}),
                       doctest::Contains("2 constants for images of 1 channels"), Error);
  const data::Dataset empty{.name = "nothing"};
  CHECK_THROWS_WITH_AS(data::Loader(empty, {}),
                       "dataset 'nothing' is empty: it must have at least one sample", Error);
}

TEST_CASE("after the first epoch nothing is allocated any more") {
  if (!counts_allocations()) return;
  const data::Dataset data = numbered(100);
  const std::uint64_t before = heap_allocations();
  data::Loader loader(data, {.batch = 16, .shuffle = true, .transform = data::Transform().crop(1).flip()},
                      Generator(1));
  data::Batch batch;
  while (loader.next(batch)) {
  }
  const std::uint64_t warm = heap_allocations();
  Index seen = 0;
  for (int e = 0; e < 3; ++e)
    while (loader.next(batch)) seen += batch.size();
  const std::uint64_t after = heap_allocations();
  CHECK(after == warm);
  CHECK(seen == 300);
  CHECK(warm > before);  // the counter does count
}
