#pragma once
#include <memory>
#include <string>

#include "framework/io/stored_tensor.hpp"

namespace fanin {

/// Reads the initializers, the weights, of an ONNX model (onnx.proto, ModelProto.graph.initializer) under their names:
/// floats, integers and bool, as raw or as typed data. Nodes are not read. Values kept in another file, text, complex
/// and sparse ones are an Error.
TensorFile parse_onnx(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner);

/// Whether the bytes are, from end to end, fields that a ModelProto has, the graph among them: the format has no magic.
bool looks_like_onnx(Bytes bytes);

}  // namespace fanin
