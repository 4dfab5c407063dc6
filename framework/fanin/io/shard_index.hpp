#pragma once
#include <functional>
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Reads one shard, all that it holds.
using ReadShard = std::function<TensorFile(const std::string& path)>;

/// Reads the shards that an index lists ("model.safetensors.index.json", "pytorch_model.bin.index.json") from
/// the index's folder, as one file. Shards are named by plain file names; Error for any other, and where a
/// shard and the index do not agree.
TensorFile read_shards(Bytes index, const std::string& path, const ReadShard& read);

}  // namespace fanin::io
