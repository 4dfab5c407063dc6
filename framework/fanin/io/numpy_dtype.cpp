#include <algorithm>

#include <fanin/io/numpy_dtype.hpp>

namespace fanin::io {
namespace {

struct Kind {
  const char* name;
  DType dtype;
};
constexpr Kind kinds[] = {{"f8", DType::f64}, {"f4", DType::f32}, {"f2", DType::f16}, {"i8", DType::i64},
                          {"i4", DType::i32}, {"i2", DType::i16}, {"i1", DType::i8},  {"u8", DType::u64},
                          {"u4", DType::u32}, {"u2", DType::u16}, {"u1", DType::u8},  {"b1", DType::boolean}};

}  // namespace

std::optional<DType> numpy_dtype(std::string_view descr, bool& big_endian) {
  const bool ordered = !descr.empty() && std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
  const std::string_view kind = ordered ? descr.substr(1) : descr;
  big_endian = descr.starts_with('>');
  for (const auto& known : kinds) {
    if (kind == known.name) return known.dtype;
  }
  return std::nullopt;
}

std::string numpy_name(DType dtype) {
  for (const auto& known : kinds) {
    if (dtype == known.dtype) return (size_of(dtype) == 1 ? "|" : "<") + std::string(known.name);
  }
  return "";
}

std::vector<Index> fortran_strides(const std::vector<Index>& sizes) {
  std::vector<Index> strides;
  Index stride = 1;
  for (const Index size : sizes) {
    strides.push_back(stride);
    stride *= std::max<Index>(size, 1);
  }
  return strides.size() > 1 ? strides : std::vector<Index>{};
}

}  // namespace fanin::io
