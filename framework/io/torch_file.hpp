#pragma once
#include <string>

#include "framework/io/stored_tensor.hpp"

namespace fanin {

/// Reads what `torch.save` wrote, in its zip form (PyTorch 1.6 on) or its legacy form. The pickle inside is
/// not executed (see `Pickle`). Tensors are views of their storages in the file, whatever their strides; tied
/// ones share bytes.
///
/// A state dict gives its names; dicts and lists inside are flattened with dots. Where the top level has no
/// tensor but a dict under "state_dict", "model_state_dict" or "model", that dict is taken and what stands
/// beside it (optimizer state) left out. Numbers and texts at the top level ("epoch") become metadata.
TensorFile parse_torch_zip(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner);
TensorFile parse_torch_legacy(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner);

/// Whether the bytes start as a pickle of protocol 2 or later does.
bool looks_like_pickle(Bytes bytes);

}  // namespace fanin
