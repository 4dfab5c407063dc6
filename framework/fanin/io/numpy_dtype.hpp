#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/core/shape.hpp>
#include <fanin/io/dtype.hpp>

namespace fanin::io {

/// What NumPy calls "<f4", "f4", "|b1", …; nothing for one that is no plain float, integer or bool.
std::optional<DType> numpy_dtype(std::string_view descr, bool& big_endian);
/// What it calls little-endian numbers of that kind: "<f4", "|b1"; empty for BF16, which it has not.
std::string numpy_name(DType dtype);
/// The strides of an array whose first index moves fastest; none where there is but one dimension.
std::vector<Index> fortran_strides(const std::vector<Index>& sizes);

}  // namespace fanin::io
