#pragma once
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// The elements of a stored tensor that are no finite floats once read: no model computes with them.
struct NotFinite {
  Index count = 0;                 ///< elements in all
  Index nans = 0, infinities = 0;  ///< of either sign
  Index too_large = 0;             ///< finite in the file, past the range of F32

  /// Whether there is one.
  bool any() const { return nans + infinities + too_large > 0; }
  std::string to_string() const;  ///< "10 of 10 are NaN", "of 400, 1 is NaN, 2 are infinite"
};
/// Counts them piece by piece, without loading the tensor.
NotFinite not_finite(const StoredTensor& tensor);

}  // namespace fanin::io
