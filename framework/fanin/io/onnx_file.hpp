#pragma once
#include <memory>
#include <string>

#include <fanin/io/beside.hpp>
#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Reads the initializers, the weights, of an ONNX model (onnx.proto, ModelProto.graph.initializer) under
/// their names: floats, integers and bool, as raw or as typed data, or in another file in the same folder
/// (external_data), which `open` opens. Constant nodes count too, other than the shapes and single numbers
/// that exporters name by themselves. Text, complex and sparse tensors are left out.
TensorFile parse_onnx(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                      const OpenBeside& open = {});

/// Whether the bytes are, from end to end, fields that a ModelProto has, the graph among them: the format has
/// no magic.
bool looks_like_onnx(Bytes bytes);

}  // namespace fanin::io
