#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <fanin/core/tensor.hpp>
#include <fanin/io/tensor_stats.hpp>

using namespace fanin;

namespace {

/// A stored tensor over values of any type, which must outlive it.
template <class T>
io::StoredTensor over(io::DType dtype, const std::vector<T>& values) {
  return {.name = "x",
          .dtype = dtype,
          .sizes = {static_cast<Index>(values.size())},
          .strides = {},
          .data = reinterpret_cast<const std::byte*>(values.data()),
          .big_endian = false,
          .owner = nullptr};
}

constexpr double inf = std::numeric_limits<double>::infinity(),
                 no_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("tensor_stats: counts what is not finite, and measures the rest") {
  const std::vector<double> values = {1, 2, 0, -3, no_number, inf, -inf, -0.0};
  const io::TensorStats s = io::tensor_stats(over(io::DType::f64, values));
  CHECK(s.count == 8);
  CHECK(s.nans == 1);
  CHECK(s.infinities == 2);
  CHECK(s.zeros == 2);
  CHECK(s.finite() == 5);
  CHECK(s.mean == 0);
  CHECK(s.std == doctest::Approx(std::sqrt(14.0 / 5)));
  CHECK(s.norm == doctest::Approx(std::sqrt(14.0)));
  CHECK(s.min == -3);
  CHECK(s.max == 2);
}

TEST_CASE("tensor_stats: of many pieces are those of the whole, also far from zero") {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(1e6, 0.5);
  std::vector<double> values(100'003);
  long double sum = 0, squares = 0;
  for (double& x : values) sum += x = normal(random);
  const long double mean = sum / static_cast<long double>(values.size());
  for (const double x : values) squares += (x - mean) * (x - mean);
  const io::TensorStats s = io::tensor_stats(over(io::DType::f64, values));
  CHECK(std::abs(s.mean - static_cast<double>(mean)) < 1e-7);
  CHECK(s.std ==
        doctest::Approx(static_cast<double>(std::sqrt(squares / static_cast<long double>(values.size()))))
            .epsilon(1e-9));
}

TEST_CASE("tensor_stats: nothing finite gives no numbers, and no elements neither") {
  const std::vector<float> sick = {std::numeric_limits<float>::quiet_NaN(),
                                   std::numeric_limits<float>::infinity()};
  for (const auto& tensor : {over(io::DType::f32, sick), over(io::DType::f32, std::vector<float>{})}) {
    const io::TensorStats s = io::tensor_stats(tensor);
    CHECK(s.finite() == 0);
    for (const double number : {s.mean, s.std, s.min, s.max, s.norm}) CHECK(std::isnan(number));
    CHECK(histogram(tensor, s.min, s.max, 4) == std::vector<Index>(4));
  }
}

TEST_CASE("tensor_stats: every dtype, wide integers and byte order") {
  const std::vector<std::int64_t> wide = {(std::int64_t{1} << 53) - 1, -5};
  CHECK(io::tensor_stats(over(io::DType::i64, wide)).max == 9007199254740991.0);  // a float would round it
  const std::vector<std::uint32_t> words = {4294967295u, 1};
  CHECK(io::tensor_stats(over(io::DType::u32, words)).max == 4294967295.0);
  CHECK(io::tensor_stats(over(io::DType::i32, words)).min == -1);
  const std::vector<std::uint8_t> flags = {0, 1, 1, 0};
  CHECK(io::tensor_stats(over(io::DType::boolean, flags)).mean == 0.5);
  CHECK(io::tensor_stats(over(io::DType::i8, std::vector<std::uint8_t>{255})).max == -1);
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000};
  CHECK(io::tensor_stats(over(io::DType::f16, halves)).min == -2);
  const std::vector<std::uint16_t> brains = {0x3f80, 0xc000};
  CHECK(io::tensor_stats(over(io::DType::bf16, brains)).min == -2);
  const std::vector<double> one = {1};
  std::vector<double> reversed = one;
  auto* bytes = reinterpret_cast<std::byte*>(reversed.data());
  std::reverse(bytes, bytes + 8);
  io::StoredTensor big = over(io::DType::f64, reversed);
  big.big_endian = true;
  CHECK(io::tensor_stats(big).mean == 1);
  io::StoredTensor transposed = over(io::DType::i32, words);
  transposed.sizes = {1, 2, 3};  // one word repeated: strides of 0
  transposed.strides = {0, 0, 0};
  CHECK(io::tensor_stats(transposed).count == 6);
  CHECK(io::tensor_stats(transposed).std == 0);
}

TEST_CASE("histogram: every finite element in one bin; the ends belong to the first and the last") {
  const std::vector<double> values = {0, 0.5, 1, 1.5, 2, 3, 4, no_number, inf};
  CHECK(histogram(over(io::DType::f64, values), 0, 4, 4) == std::vector<Index>{2, 2, 1, 2});
  CHECK(histogram(over(io::DType::f64, values), 1, 2, 1) == std::vector<Index>{3});
  CHECK(histogram(over(io::DType::f64, values), no_number, no_number, 3) == std::vector<Index>(3));
  const std::vector<double> extreme = {-std::numeric_limits<double>::max(), 0,
                                       std::numeric_limits<double>::max()};
  CHECK(histogram(over(io::DType::f64, extreme), extreme[0], extreme[2], 2) == std::vector<Index>{1, 2});
  const std::vector<double> same(7, 3.5);
  CHECK(histogram(over(io::DType::f64, same), 3.5, 3.5, 4) == std::vector<Index>{0, 0, 7, 0});
}

TEST_CASE("bars: the tallest is full, what is there is seen, what is not is blank") {
  CHECK(io::bars({0, 1, 500, 1000}) == " ▁▄█");
  CHECK(io::bars({0, 0}) == "  ");
  CHECK(io::bars({}).empty());
}
