#pragma once
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// What an .npy file says of its array (numpy.lib.format, versions 1 to 3).
struct NpyHeader {
  std::string descr;           ///< NumPy's name of its numbers (io/numpy_dtype.hpp); empty for structures
  bool structured = false;     ///< of several fields: what follows is not looked at
  bool fortran_order = false;  ///< the first index moves fastest
  std::vector<Index> sizes;    ///< the shape
  std::size_t bytes = 0;       ///< of magic and header, before those of the array
};

/// Whether the bytes start as an .npy file does.
bool looks_like_npy(Bytes bytes);
/// Whether it is one of Python objects (`numpy.save` of a dict); `pickle` is then what follows the header.
bool npy_of_objects(Bytes bytes, Bytes& pickle);

/// Reads it; Error, naming `path`, for anything that NumPy would not write there.
NpyHeader read_npy_header(Bytes bytes, const std::string& path);
/// Why an array of that dtype cannot be read, where `numpy_dtype` knows it not.
std::string why_not_readable(const NpyHeader& header);

/// Magic and header of an array of the tensor's shape in C order, its numbers written as `dtype`.
std::string npy_header(const StoredTensor& tensor, DType dtype);

}  // namespace fanin::io
