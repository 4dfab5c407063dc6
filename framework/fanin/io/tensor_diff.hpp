#pragma once
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// What became of a tensor from one file to another.
struct TensorDifference {
  /// In what they differ first: `only_a` is not in b.
  enum class Kind { identical, values, dtype, shape, only_a, only_b };
  Kind kind = Kind::identical;  ///< what became of it
  std::string name{};           ///< of the tensor, in both files
  std::string a{}, b{};         ///< "F32 [6, 1, 5, 5]"; empty where there is none

  // Where the shapes are equal:
  Index count = 0;          ///< elements in all
  Index differing = 0;      ///< elements whose values differ; of one dtype: whose bits do
  double max_abs = 0;       ///< largest |a − b| where both are finite
  double relative_l2 = 0;   ///< ‖a − b‖ / ‖a‖ over those; 0 when equal
  double cosine = 1;        ///< of the angle between a and b over those; NaN where one is all zeros
  Index finite_in_one = 0;  ///< elements that are NaN or infinite in one file alone
};
/// For a table: "identical", "values differ", "only in A".
const char* name_of(TensorDifference::Kind kind);

/// All tensors of both files by name: those of `a` in its order, then those only `b` has. A piece of each at
/// a time is in memory.
std::vector<TensorDifference> tensor_diff(const TensorFile& a, const TensorFile& b);

}  // namespace fanin::io
