#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include <fanin/core/error.hpp>
#include <fanin/io/dtype.hpp>

#include "tests/io/bytes.hpp"

using namespace fanin;

TEST_CASE("every half and bfloat16 goes to float and back unchanged, NaN stays NaN") {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 65'536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float half = io::float_from_f16(bits), brain = io::float_from_bf16(bits);
    wrong += std::isnan(half) ? !std::isnan(io::float_from_f16(io::f16_from_float(half)))
                              : io::f16_from_float(half) != bits;
    wrong += std::isnan(brain) ? !std::isnan(io::float_from_bf16(io::bf16_from_float(brain)))
                               : io::bf16_from_float(brain) != bits;
  }
  CHECK(wrong == 0);
}

TEST_CASE("halves have the values that IEEE 754 gives them") {
  CHECK(io::float_from_f16(0x3c00) == 1.0f);
  CHECK(io::float_from_f16(0xc000) == -2.0f);
  CHECK(io::float_from_f16(0x7bff) == 65504.0f);
  CHECK(io::float_from_f16(0x0400) == std::ldexp(1.0f, -14));
  CHECK(io::float_from_f16(0x0001) == std::ldexp(1.0f, -24));
  CHECK(io::float_from_f16(0x83ff) == -1023 * std::ldexp(1.0f, -24));
  CHECK(io::float_from_f16(0xfc00) == -std::numeric_limits<float>::infinity());
  CHECK(std::signbit(io::float_from_f16(0x8000)));
}

TEST_CASE("float to half rounds to the nearest, ties to even: checked against all neighbours") {
  // Between consecutive halves a < b: the midpoint goes to the one with an even last bit, a nudge off it to
  // the near one.
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x7bff; ++i) {
    const auto low = static_cast<std::uint16_t>(i), high = static_cast<std::uint16_t>(i + 1);
    const float middle = (io::float_from_f16(low) + io::float_from_f16(high)) / 2;
    wrong += io::f16_from_float(middle) != ((low & 1) != 0 ? high : low);
    wrong += io::f16_from_float(std::nextafter(middle, 0.0f)) != low;
    wrong += io::f16_from_float(std::nextafter(middle, 1e9f)) != high;
    wrong += io::f16_from_float(-middle) != (0x8000 | ((low & 1) != 0 ? high : low));
  }
  CHECK(wrong == 0);
  CHECK(io::f16_from_float(65519.99f) == 0x7bff);
  CHECK(io::f16_from_float(65520.0f) == 0x7c00);
  CHECK(io::f16_from_float(1e30f) == 0x7c00);
  CHECK(io::f16_from_float(-std::numeric_limits<float>::infinity()) == 0xfc00);
  CHECK(io::f16_from_float(1e-30f) == 0);
}

TEST_CASE("float to bfloat16 rounds to the nearest, ties to even") {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x7f7f; ++i) {
    const std::uint32_t middle = i << 16 | 0x8000;
    wrong += io::bf16_from_float(std::bit_cast<float>(middle)) != i + (i & 1);
    wrong += io::bf16_from_float(std::bit_cast<float>(middle - 1)) != i;
    wrong += io::bf16_from_float(std::bit_cast<float>(middle + 1)) != i + 1;
  }
  CHECK(wrong == 0);
  CHECK(io::bf16_from_float(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(std::isnan(io::float_from_bf16(io::bf16_from_float(std::bit_cast<float>(0x7f800001u)))));
}

TEST_CASE("every dtype reads to floats from an unaligned address") {
  const auto read = [](io::DType dtype, const std::string& number) {
    const std::string shifted = "x" + number;
    REQUIRE(number.size() == size_of(dtype));
    float value = 0;
    io::floats_from(dtype, bytes_of(shifted).data() + 1, 1, &value);
    return value;
  };
  CHECK(read(io::DType::f64, raw(0.1)) == 0.1f);
  CHECK(read(io::DType::f64, raw(1e300)) == std::numeric_limits<float>::infinity());
  CHECK(read(io::DType::f32, raw(-3.25f)) == -3.25f);
  CHECK(read(io::DType::f16, u16(0x3555)) == 0.333251953125f);
  CHECK(read(io::DType::bf16, u16(0x3eab)) == 0.333984375f);
  CHECK(read(io::DType::i64, raw(std::int64_t{-16'777'217})) == -16'777'216.0f);
  CHECK(read(io::DType::i32, raw(-7)) == -7.0f);
  CHECK(read(io::DType::i16, raw(std::int16_t{-300})) == -300.0f);
  CHECK(read(io::DType::i8, raw(std::int8_t{-128})) == -128.0f);
  CHECK(read(io::DType::u64, u64(~std::uint64_t{0})) == 18446744073709551616.0f);
  CHECK(read(io::DType::u32, u32(4'294'967'295u)) == 4294967296.0f);
  CHECK(read(io::DType::u16, u16(65'535)) == 65535.0f);
  CHECK(read(io::DType::u8, raw(std::uint8_t{200})) == 200.0f);
  CHECK(read(io::DType::boolean, raw(std::uint8_t{1})) == 1.0f);
}

TEST_CASE("dtypes are known by safetensors' names and, from users, by everyone's") {
  CHECK(io::dtype_named("BF16") == io::DType::bf16);
  CHECK(!io::dtype_named("bf16"));
  CHECK(io::parse_dtype("bf16") == io::DType::bf16);
  CHECK(io::parse_dtype("Half") == io::DType::f16);
  CHECK(io::parse_dtype("float32") == io::DType::f32);
  CHECK_THROWS_WITH_AS(io::parse_dtype("f61"), doctest::Contains("'f61'"), Error);
  CHECK_THROWS_WITH_AS(io::floats_to(io::DType::i8, nullptr, 0, nullptr),
                       "weights are written as floating-point numbers, not as I8", Error);
}
