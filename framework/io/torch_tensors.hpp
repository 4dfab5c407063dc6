#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "framework/io/pickle.hpp"
#include "framework/io/stored_tensor.hpp"

// What PyTorch's two file forms share: the pickled structure, whose storages lie elsewhere in the file.
namespace fanin {

struct TorchStorage {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

/// Where the bytes of a storage are.
using TorchStorages = std::function<TorchStorage(const PickleValue& storage)>;

/// A dict's value under a text key; null when there is none.
const PickleValue* member(const PickleValue& dict, std::string_view key);

/// Walks the pickled structure and adds its tensors and metadata to `file`, each tensor checked against its storage.
/// `file_bytes` limits what a tensor may spread a small storage over.
void collect_torch_tensors(TensorFile& file, const PickleValue& top, std::size_t file_bytes, bool big_endian, TorchStorages storages);

}  // namespace fanin
