#pragma once
#include <optional>

#include "framework/io/stored_tensor.hpp"

namespace fanin {

/// Reads a weight file of any known format, told by its content and never by its name: safetensors (one file,
/// or the JSON index of its shards), NumPy .npy and .npz, PyTorch .pt / .pth in its zip and legacy forms, ONNX. The
/// file is mapped into memory; only what is compressed takes memory of its own. Error naming the file and
/// what is wrong with it.
TensorFile read_tensor_file(const std::string& path);

/// As `read_tensor_file`, for a file's bytes in memory; `owner` keeps them alive. An index of shards is not
/// followed.
TensorFile parse_tensor_file(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner);

/// Writes to another format, atomically: safetensors, npz, or npy when there is exactly one tensor; other
/// formats are only read (Error). `dtype` as for `write_safetensors`; NumPy has no BF16, such tensors become
/// F32 there.
void write_tensor_file(const std::string& path, const TensorFile& file, FileFormat format,
                       std::optional<DType> dtype = std::nullopt);

}  // namespace fanin
