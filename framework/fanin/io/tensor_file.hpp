#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Reads a weight file of any known format, told by its content and never by its name: safetensors, NumPy
/// .npy and .npz, PyTorch .pt / .pth in its zip and legacy forms, TorchScript, ONNX, pickled NumPy arrays, or
/// the JSON index of shards. The file is mapped into memory; only what is compressed takes memory of its own.
/// `key` names a nested dict of a PyTorch file; see `choose_dict`, which chooses the model's without one.
/// Error naming the file and what is wrong with it.
TensorFile read_tensor_file(const std::string& path, const std::string& key = "");

/// As `read_tensor_file`, for a file's bytes in memory; `owner` keeps them alive. An index of shards is not
/// followed, nor an ONNX model's external data.
TensorFile parse_tensor_file(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                             const std::string& key = "");

/// Writes to another format, atomically: safetensors, npz, PyTorch's zip form, or npy when there is exactly one
/// tensor; other formats are only read (Error). `dtype` as for `write_safetensors`; NumPy has no BF16, such
/// tensors become F32 there.
void write_tensor_file(const std::string& path, const TensorFile& file, FileFormat format,
                       std::optional<DType> dtype = std::nullopt);

/// The format that a file of that name is written in: `.safetensors`, `.npz`, `.npy`, `.pth` or `.pt`; nothing
/// for another ending.
std::optional<FileFormat> format_by_name(const std::string& path);
/// The same; Error (usage) for another ending.
FileFormat format_for(const std::string& path);
/// What a model of that name is written in: the same, and safetensors for an ending that means nothing. Error (usage)
/// for one that others' files have (`.onnx`, `.bin`, `.h5`), or that holds one array alone (`.npy`).
FileFormat model_format_for(const std::string& path);

/// Writes tensors by name, in the format that the file's name says: `io::save("x.npz", {{"weights", w},
/// {"mean", m}})`; `read_tensor_file(path).at("mean").to_tensor()` reads one back. Error (usage) for a name of
/// no format.
void save(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
          const std::map<std::string, std::string>& metadata = {});

}  // namespace fanin::io
