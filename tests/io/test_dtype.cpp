#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "framework/core/error.hpp"
#include "framework/io/dtype.hpp"
#include "tests/io/bytes.hpp"

using namespace fanin;

TEST_CASE("every half and bfloat16 goes to float and back unchanged, NaN stays NaN") {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 65'536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float half = float_from_f16(bits), brain = float_from_bf16(bits);
    wrong +=
        std::isnan(half) ? !std::isnan(float_from_f16(f16_from_float(half))) : f16_from_float(half) != bits;
    wrong += std::isnan(brain) ? !std::isnan(float_from_bf16(bf16_from_float(brain)))
                               : bf16_from_float(brain) != bits;
  }
  CHECK(wrong == 0);
}

TEST_CASE("halves have the values that IEEE 754 gives them") {
  CHECK(float_from_f16(0x3c00) == 1.0f);
  CHECK(float_from_f16(0xc000) == -2.0f);
  CHECK(float_from_f16(0x7bff) == 65504.0f);
  CHECK(float_from_f16(0x0400) == std::ldexp(1.0f, -14));
  CHECK(float_from_f16(0x0001) == std::ldexp(1.0f, -24));
  CHECK(float_from_f16(0x83ff) == -1023 * std::ldexp(1.0f, -24));
  CHECK(float_from_f16(0xfc00) == -std::numeric_limits<float>::infinity());
  CHECK(std::signbit(float_from_f16(0x8000)));
}

TEST_CASE("float to half rounds to the nearest, ties to even: checked against all neighbours") {
  // Between consecutive halves a < b: the midpoint goes to the one with an even last bit, a nudge off it to
  // the near one.
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x7bff; ++i) {
    const auto low = static_cast<std::uint16_t>(i), high = static_cast<std::uint16_t>(i + 1);
    const float middle = (float_from_f16(low) + float_from_f16(high)) / 2;
    wrong += f16_from_float(middle) != ((low & 1) != 0 ? high : low);
    wrong += f16_from_float(std::nextafter(middle, 0.0f)) != low;
    wrong += f16_from_float(std::nextafter(middle, 1e9f)) != high;
    wrong += f16_from_float(-middle) != (0x8000 | ((low & 1) != 0 ? high : low));
  }
  CHECK(wrong == 0);
  CHECK(f16_from_float(65519.99f) == 0x7bff);
  CHECK(f16_from_float(65520.0f) == 0x7c00);
  CHECK(f16_from_float(1e30f) == 0x7c00);
  CHECK(f16_from_float(-std::numeric_limits<float>::infinity()) == 0xfc00);
  CHECK(f16_from_float(1e-30f) == 0);
}

TEST_CASE("float to bfloat16 rounds to the nearest, ties to even") {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x7f7f; ++i) {
    const std::uint32_t middle = i << 16 | 0x8000;
    wrong += bf16_from_float(std::bit_cast<float>(middle)) != i + (i & 1);
    wrong += bf16_from_float(std::bit_cast<float>(middle - 1)) != i;
    wrong += bf16_from_float(std::bit_cast<float>(middle + 1)) != i + 1;
  }
  CHECK(wrong == 0);
  CHECK(bf16_from_float(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(std::isnan(float_from_bf16(bf16_from_float(std::bit_cast<float>(0x7f800001u)))));
}

TEST_CASE("every dtype reads to floats from an unaligned address") {
  const auto read = [](DType dtype, const std::string& number) {
    const std::string shifted = "x" + number;
    REQUIRE(number.size() == size_of(dtype));
    float value = 0;
    floats_from(dtype, bytes_of(shifted).data() + 1, 1, &value);
    return value;
  };
  CHECK(read(DType::f64, raw(0.1)) == 0.1f);
  CHECK(read(DType::f64, raw(1e300)) == std::numeric_limits<float>::infinity());
  CHECK(read(DType::f32, raw(-3.25f)) == -3.25f);
  CHECK(read(DType::f16, u16(0x3555)) == 0.333251953125f);
  CHECK(read(DType::bf16, u16(0x3eab)) == 0.333984375f);
  CHECK(read(DType::i64, raw(std::int64_t{-16'777'217})) == -16'777'216.0f);
  CHECK(read(DType::i32, raw(-7)) == -7.0f);
  CHECK(read(DType::i16, raw(std::int16_t{-300})) == -300.0f);
  CHECK(read(DType::i8, raw(std::int8_t{-128})) == -128.0f);
  CHECK(read(DType::u64, u64(~std::uint64_t{0})) == 18446744073709551616.0f);
  CHECK(read(DType::u32, u32(4'294'967'295u)) == 4294967296.0f);
  CHECK(read(DType::u16, u16(65'535)) == 65535.0f);
  CHECK(read(DType::u8, raw(std::uint8_t{200})) == 200.0f);
  CHECK(read(DType::boolean, raw(std::uint8_t{1})) == 1.0f);
}

TEST_CASE("dtypes are known by safetensors' names and, from users, by everyone's") {
  CHECK(dtype_named("BF16") == DType::bf16);
  CHECK(!dtype_named("bf16"));
  CHECK(parse_dtype("bf16") == DType::bf16);
  CHECK(parse_dtype("Half") == DType::f16);
  CHECK(parse_dtype("float32") == DType::f32);
  CHECK_THROWS_WITH_AS(parse_dtype("f61"), doctest::Contains("'f61'"), Error);
  CHECK_THROWS_WITH_AS(floats_to(DType::i8, nullptr, 0, nullptr),
                       "weights are written as F32, F16 or BF16, not I8", Error);
}
