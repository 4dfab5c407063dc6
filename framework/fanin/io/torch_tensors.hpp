#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include <fanin/io/pickle.hpp>
#include <fanin/io/stored_tensor.hpp>

// What PyTorch's two file forms share: the pickled structure, whose storages lie elsewhere in the file.
namespace fanin::io {

/// A storage's bytes in the file.
struct TorchStorage {
  Bytes bytes;                        ///< as they lie there
  std::shared_ptr<const void> owner;  ///< keeps them alive
};

/// Where the bytes of a storage are.
using TorchStorages = std::function<TorchStorage(const PickleValue& storage)>;

/// A dict's value under a text key; null when there is none.
const PickleValue* member(const PickleValue& dict, std::string_view key);

/// What a pickled structure stands on.
struct PickledFile {
  std::size_t bytes = 0;              ///< of the whole file: what a tensor may spread a small storage over
  bool big_endian = false;            ///< its storages
  std::shared_ptr<const void> owner;  ///< keeps the pickle's own bytes alive, in which NumPy's arrays lie
};

/// Walks the pickled structure and adds to `file` its tensors and NumPy arrays, each checked against its
/// storage, its metadata, its dicts, and what had to be left out; then chooses the dict under `key`
/// (`choose_dict`). The attributes of a whole pickled torch.nn.Module, and of TorchScript's, are read as its
/// state dict.
void collect_torch_tensors(TensorFile& file, const PickleValue& top, const PickledFile& from,
                           TorchStorages storages, const std::string& key);

}  // namespace fanin::io
