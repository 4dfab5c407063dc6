#include "framework/train/metrics.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "framework/core/error.hpp"

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
