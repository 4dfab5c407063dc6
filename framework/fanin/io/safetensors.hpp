#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Reads a safetensors file (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON
/// header, then the tensors' bytes. Every rule of the format is checked, since files come from anywhere;
/// Error otherwise. `path` names the file in messages; `owner` keeps `bytes` alive.
TensorFile parse_safetensors(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner);

/// Whether the file starts as a safetensors header does.
bool looks_like_safetensors(Bytes bytes);

/// Writes tensors, atomically. Floating-point ones become `dtype` (F32, F16 or BF16) when one is given;
/// integers stay as they are. Wider dtypes come first, so that every tensor is aligned.
void write_safetensors(const std::string& path, std::span<const StoredTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       std::optional<DType> dtype = std::nullopt);

}  // namespace fanin::io
