#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <fanin/core/real.hpp>

namespace fanin::io {

using Bytes = std::span<const std::byte>;  ///< read, not owned

/// The kinds of number a weight file may hold. In memory the engine has only `real`.
enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

std::size_t size_of(DType dtype);  ///< bytes of one
/// safetensors' name: "F32", "BF16", "I64", "BOOL", …
const char* name_of(DType dtype);
/// The one that safetensors calls so; nothing for another name.
std::optional<DType> dtype_named(std::string_view name);
bool is_float(DType dtype);  ///< F64, F32, F16 or BF16
/// As `dtype_named`, for what a user typed: "f16", "float16", "half", "BF16", …; Error with the nearest names
/// otherwise.
DType parse_dtype(const std::string& text);

/// @{
/// IEEE 754 binary16 and bfloat16. To the narrower type: round to nearest, ties to even; NaN stays NaN.
float float_from_f16(std::uint16_t bits);
float float_from_bf16(std::uint16_t bits);
std::uint16_t f16_from_float(float value);
std::uint16_t bf16_from_float(float value);
/// @}

/// `count` numbers of `dtype` at `in`, which need not be aligned, as floats: integers and doubles round to
/// nearest, a double past float's range becomes infinite.
void floats_from(DType dtype, const std::byte* in, std::size_t count, float* out);
/// Floats as `count` numbers of `dtype` (F64, F32, F16 or BF16; Error otherwise) at `out`, which need not be
/// aligned.
void floats_to(DType dtype, const float* in, std::size_t count, std::byte* out);

}  // namespace fanin::io
