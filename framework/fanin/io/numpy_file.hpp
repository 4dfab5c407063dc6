#pragma once
#include <optional>
#include <span>
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Reads NumPy's .npy (numpy.lib.format, versions 1 to 3): floats, integers and bool, either byte order, C or
/// Fortran order. Objects, structures, text and complex numbers are an Error. `path` is for messages, `name`
/// the tensor's.
StoredTensor parse_npy(Bytes bytes, const std::string& path, std::string name,
                       std::shared_ptr<const void> owner);

/// Reads NumPy's .npz: a zip archive of .npy files, stored or deflated; each array under its member's name
/// less ".npy". A member that cannot be read, be it damaged, encrypted or without plain numbers, is left out
/// with the reason; Error where that is all of them, or where the archive itself is broken.
TensorFile parse_npz(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner);

/// Writes one array (`numpy.load` reads it), atomically. Floats become `dtype` (F32 or F16) when one is
/// given; BF16, which NumPy has not, becomes F32 otherwise.
void write_npy(const std::string& path, const StoredTensor& tensor,
               std::optional<DType> dtype = std::nullopt);
/// Writes arrays by name, stored without compression, atomically. The same tensors give the same bytes.
void write_npz(const std::string& path, std::span<const StoredTensor> tensors,
               std::optional<DType> dtype = std::nullopt);

}  // namespace fanin::io
