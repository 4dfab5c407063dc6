#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include <fanin/io/protobuf.hpp>
#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// What a TensorProto (onnx.proto) says of itself, before its numbers are looked at.
struct OnnxTensor {
  StoredTensor tensor;                          ///< name and shape alone
  std::uint64_t code = 0;                       ///< TensorProto.DataType
  std::optional<DType> dtype;                   ///< what that is; none: it is not supported
  Bytes held = {};                              ///< its numbers, where they lie in the message
  bool varints = false;                         ///< each number of `held` takes as few bytes as it needs
  bool external = false;                        ///< its numbers lie in another file:
  std::string location;                         ///< which one,
  std::optional<std::uint64_t> offset, length;  ///< and which bytes of it
};
/// Error, naming `path`, for a message that is none.
OnnxTensor read_onnx_tensor(Bytes message, const std::string& path);

/// Goes to a message's next field; Error, naming `path`, where it is malformed.
void next_onnx_field(protobuf::Fields& field, const std::string& path);
/// A field's text, cut off where it is longer than any name may be.
std::string onnx_text(Bytes bytes);

}  // namespace fanin::io
