#pragma once
#include <optional>
#include <span>
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Reads what `torch.save` wrote, in its zip form (PyTorch 1.6 on) or its legacy form, and the archives of
/// torch.jit.save and of C++'s torch::save. The pickle inside is not executed (see `Pickle`). Tensors are
/// views of their storages in the file, whatever their strides; tied ones share bytes.
///
/// A state dict gives its names; dicts and lists inside are flattened with dots, and listed in `dicts`, of
/// which the one under `key` is taken, or the model's (`choose_dict`). Numbers and texts at the top level
/// ("epoch") become metadata.
TensorFile parse_torch_zip(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                           const std::string& key = "");
/// A pickle that torch.save did not write is read as `parse_pickle` does.
TensorFile parse_torch_legacy(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                              const std::string& key = "");

/// Reads NumPy's arrays in what `pickle.dump` wrote of them, or `numpy.save` of a dict.
TensorFile parse_pickle(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                        const std::string& key = "");

/// Writes a state dict as torch.save does in its zip form, atomically: an OrderedDict of tensors by name, which
/// torch.load reads, with weights_only=True too. Floating-point tensors become `dtype` (F64, F32, F16 or BF16)
/// when one is given; tied ones share a storage; strides are those of contiguous tensors. The same tensors
/// give the same bytes. Error for a kind of number that PyTorch has not (U16, U32, U64).
void write_torch(const std::string& path, std::span<const StoredTensor> tensors,
                 std::optional<DType> dtype = std::nullopt);

/// Whether the bytes start as a pickle of protocol 2 or later does.
bool looks_like_pickle(Bytes bytes);

}  // namespace fanin::io
