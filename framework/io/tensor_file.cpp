#include "framework/io/tensor_file.hpp"

#include <algorithm>
#include <cctype>

#include "framework/core/error.hpp"
#include "framework/io/mapped_file.hpp"
#include "framework/io/numpy_file.hpp"
#include "framework/io/onnx_file.hpp"
#include "framework/io/safetensors.hpp"
#include "framework/io/torch_file.hpp"
#include "framework/io/zip.hpp"

namespace fanin {
namespace {

/// JSON begins with '{'; read as a safetensors header length, any text is far past every file's end.
bool looks_like_json(Bytes bytes) {
  const auto first = std::find_if(
      bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 64)),
      [](std::byte b) { return std::isspace(std::to_integer<int>(b)) == 0; });
  return first != bytes.end() && *first == std::byte{'{'};
}

std::string first_bytes(Bytes bytes) {
  std::string out;
  for (const std::byte b : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
    out += fmt::format("{}{:02x}", out.empty() ? "" : " ", std::to_integer<unsigned>(b));
  }
  return out;
}

}  // namespace

TensorFile parse_tensor_file(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  if (bytes.empty()) fail("{}: the file is empty", path);
  // First, as its length field may look like anything.
  if (looks_like_safetensors(bytes)) return parse_safetensors(bytes, path, std::move(owner));
  if (looks_like_npy(bytes)) {
    TensorFile file{.format = FileFormat::npy, .path = path, .tensors = {}, .metadata = {}};
    file.tensors.push_back(parse_npy(bytes, path, "array", std::move(owner)));
    return file;
  }
  if (looks_like_zip(bytes)) {
    const ZipArchive archive(bytes, path);
    const bool arrays = std::all_of(archive.entries().begin(), archive.entries().end(),
                                    [](const ZipEntry& entry) { return entry.name.ends_with(".npy"); });
    return arrays ? parse_npz(bytes, path, std::move(owner)) : parse_torch_zip(bytes, path, std::move(owner));
  }
  if (looks_like_pickle(bytes)) return parse_torch_legacy(bytes, path, std::move(owner));
  if (bytes.size() >= 9 && bytes[8] == std::byte{'{'})
    return parse_safetensors(bytes, path, std::move(owner));
  if (looks_like_onnx(bytes)) return parse_onnx(bytes, path, std::move(owner));
  fail("{}: neither safetensors, npy, npz, ONNX nor a PyTorch file; its first bytes are {}", path,
       first_bytes(bytes));
}

TensorFile read_tensor_file(const std::string& path) {
  const auto map = MappedFile::open(path);
  if (!looks_like_safetensors(map->bytes()) && looks_like_json(map->bytes())) {
    return read_sharded_safetensors(map->bytes(), path);
  }
  TensorFile file = parse_tensor_file(map->bytes(), path, map);
  mark_mapped(file.tensors, map->bytes());
  return file;
}

void write_tensor_file(const std::string& path, const TensorFile& file, FileFormat format,
                       std::optional<DType> dtype) {
  switch (format) {
    case FileFormat::safetensors:
      return write_safetensors(path, file.tensors, file.metadata, dtype);
    case FileFormat::npz:
      return write_npz(path, file.tensors, dtype);
    case FileFormat::npy:
      if (file.tensors.size() != 1) {
        fail("{}: an npy file holds one array, {} has {}; write npz instead", path, file.path,
             file.tensors.size());
      }
      return write_npy(path, file.tensors[0], dtype);
    case FileFormat::torch_zip:
    case FileFormat::torch_legacy:
    case FileFormat::onnx:
      fail("{}: PyTorch's pickled files and ONNX are only read; write safetensors, which PyTorch reads too", path);
  }
}

}  // namespace fanin
