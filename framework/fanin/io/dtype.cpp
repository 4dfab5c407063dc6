#include <bit>
#include <cstring>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/io/dtype.hpp>

namespace fanin::io {
namespace {

constexpr auto names = named_values<DType>("dtype", {{DType::f64, "F64"},
                                                     {DType::f32, "F32"},
                                                     {DType::f16, "F16"},
                                                     {DType::bf16, "BF16"},
                                                     {DType::i64, "I64"},
                                                     {DType::i32, "I32"},
                                                     {DType::i16, "I16"},
                                                     {DType::i8, "I8"},
                                                     {DType::u64, "U64"},
                                                     {DType::u32, "U32"},
                                                     {DType::u16, "U16"},
                                                     {DType::u8, "U8"},
                                                     {DType::boolean, "BOOL"}});
// NumPy's, PyTorch's and C's words for some of them.
constexpr auto words = named_values<DType>("dtype", {{DType::f32, "float32"},
                                                     {DType::f32, "float"},
                                                     {DType::f16, "float16"},
                                                     {DType::f16, "half"},
                                                     {DType::bf16, "bfloat16"},
                                                     {DType::f64, "float64"},
                                                     {DType::f64, "double"},
                                                     {DType::i64, "int64"},
                                                     {DType::i32, "int32"},
                                                     {DType::i16, "int16"},
                                                     {DType::i8, "int8"},
                                                     {DType::u8, "uint8"}});

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T, class Convert>
void convert(const std::byte* in, std::size_t count, float* out, Convert to_float) {
  for (std::size_t i = 0; i < count; ++i) out[i] = to_float(load<T>(in + i * sizeof(T)));
}

template <class T>
void convert(const std::byte* in, std::size_t count, float* out) {
  convert<T>(in, count, out, [](T value) { return static_cast<float>(value); });
}

}  // namespace

std::size_t size_of(DType dtype) {
  constexpr std::size_t sizes[] = {8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1};  // in the enum's order
  return sizes[static_cast<std::size_t>(dtype)];
}
const char* name_of(DType dtype) { return names.name_of(dtype); }
bool is_float(DType dtype) { return dtype <= DType::bf16; }

std::optional<DType> dtype_named(std::string_view name) { return names.find(name); }

DType parse_dtype(const std::string& text) {
  const std::string lower = lower_case(text);
  if (const auto found = words.find(lower)) return *found;
  std::vector<std::string> known;
  for (const auto& [dtype, name] : names.all) {
    known.push_back(lower_case(name));
    if (lower == known.back()) return dtype;
  }
  fail_usage("unknown dtype '{}'{}", text, suggest(lower, known));
}

float float_from_f16(std::uint16_t bits) {
  // Half's exponent and mantissa in float's place are 2^112 too small; one exact multiplication rights normal
  // and subnormal numbers alike. Infinity and NaN need float's own all-ones exponent.
  const std::uint32_t magnitude = bits & 0x7fffu;
  const float scaled = std::bit_cast<float>(magnitude << 13) * std::bit_cast<float>(0x77800000u);
  const std::uint32_t special = magnitude >= 0x7c00u ? 0x7f800000u : 0u;
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | special | sign);
}

float float_from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t f16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);  // NaN, made quiet
  } else if (magnitude >= 0x47800000u) {
    half = 0x7c00u;  // 2^16 and above
  } else if (magnitude < 0x38800000u) {
    // Below 2^-14 the result is subnormal: adding 1/2 leaves the units of 2^-24, rounded to even, in the low
    // bits.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    half = std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u;
  } else {
    // Rebias the exponent by -112 and round the 13 bits that go; a carry moves into the exponent, up to
    // infinity.
    half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(half | sign);
}

std::uint16_t bf16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t quiet = (bits >> 16) | 0x40u;
  return static_cast<std::uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

void floats_from(DType dtype, const std::byte* in, std::size_t count, float* out) {
  switch (dtype) {
    case DType::f64:
      return convert<double>(in, count, out);
    case DType::f32:
      if (count > 0) std::memcpy(out, in, count * sizeof(float));
      return;
    case DType::f16:
      return convert<std::uint16_t>(in, count, out, float_from_f16);
    case DType::bf16:
      return convert<std::uint16_t>(in, count, out, float_from_bf16);
    case DType::i64:
      return convert<std::int64_t>(in, count, out);
    case DType::i32:
      return convert<std::int32_t>(in, count, out);
    case DType::i16:
      return convert<std::int16_t>(in, count, out);
    case DType::i8:
      return convert<std::int8_t>(in, count, out);
    case DType::u64:
      return convert<std::uint64_t>(in, count, out);
    case DType::u32:
      return convert<std::uint32_t>(in, count, out);
    case DType::u16:
      return convert<std::uint16_t>(in, count, out);
    case DType::u8:
      return convert<std::uint8_t>(in, count, out);
    case DType::boolean:
      return convert<std::uint8_t>(in, count, out,
                                   [](std::uint8_t value) { return value != 0 ? 1.0f : 0.0f; });
  }
}

void floats_to(DType dtype, const float* in, std::size_t count, std::byte* out) {
  const auto narrow = [&](auto round) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t bits = round(in[i]);
      std::memcpy(out + i * sizeof bits, &bits, sizeof bits);
    }
  };
  switch (dtype) {
    case DType::f64:
      for (std::size_t i = 0; i < count; ++i) {
        const double wide = in[i];
        std::memcpy(out + i * sizeof wide, &wide, sizeof wide);
      }
      return;
    case DType::f32:
      if (count > 0) std::memcpy(out, in, count * sizeof(float));
      return;
    case DType::f16:
      return narrow(f16_from_float);
    case DType::bf16:
      return narrow(bf16_from_float);
    default:
      fail("weights are written as floating-point numbers, not as {}", name_of(dtype));
  }
}

}  // namespace fanin::io
