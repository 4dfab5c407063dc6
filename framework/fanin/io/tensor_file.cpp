#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/beside.hpp>
#include <fanin/io/file_kind.hpp>
#include <fanin/io/nested_dict.hpp>
#include <fanin/io/npy_header.hpp>
#include <fanin/io/numpy_file.hpp>
#include <fanin/io/onnx_file.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/shard_index.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/torch_file.hpp>
#include <fanin/io/zip.hpp>

namespace fanin::io {
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

TensorFile parse_zip(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                     const std::string& key) {
  std::vector<std::string_view> members;
  bool torch = false, arrays = false;
  const auto look = [&] {
    const ZipArchive archive(bytes, path);
    for (const ZipEntry& entry : archive.entries()) {
      torch = torch || entry.name.ends_with("/data.pkl");
      arrays = arrays || entry.name.ends_with(".npy");
      if (members.size() < max_tensors) members.push_back(entry.name);
    }
  };
  look();  // and let go of the directory, which the parsers read again
  if (torch) return parse_torch_zip(bytes, path, std::move(owner), key);
  if (arrays || members.empty()) return parse_npz(bytes, path, std::move(owner));
  fail("{}: {}", path, archive_kind(members));
}

/// What stands under `key` in a PyTorch file, and all that any other holds.
TensorFile parse_any(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                     const OpenBeside& open, const std::string& key) {
  if (bytes.empty()) fail("{}: the file is empty", path);
  // First, as its length field may look like anything.
  if (looks_like_safetensors(bytes)) return parse_safetensors(bytes, path, std::move(owner));
  if (Bytes pickle; npy_of_objects(bytes, pickle)) return parse_pickle(pickle, path, std::move(owner), key);
  if (looks_like_npy(bytes)) {
    TensorFile file{.format = FileFormat::npy, .path = path, .tensors = {}, .metadata = {}};
    file.tensors.push_back(parse_npy(bytes, path, "array", std::move(owner)));
    return file;
  }
  if (looks_like_zip(bytes)) return parse_zip(bytes, path, std::move(owner), key);
  if (looks_like_pickle(bytes)) {
    if (const std::string kind = file_kind(bytes); !kind.empty()) fail("{}: {}", path, kind);
    return parse_torch_legacy(bytes, path, std::move(owner), key);
  }
  if (bytes.size() >= 9 && bytes[8] == std::byte{'{'})
    return parse_safetensors(bytes, path, std::move(owner));
  if (looks_like_onnx(bytes)) return parse_onnx(bytes, path, std::move(owner), open);
  if (const std::string kind = file_kind(bytes); !kind.empty())
    fail("{}: {}; expected safetensors, npy, npz, ONNX or a PyTorch file", path, kind);
  fail("{}: neither safetensors, npy, npz, ONNX nor a PyTorch file; its first bytes are {}", path,
       first_bytes(bytes));
}

}  // namespace

TensorFile parse_tensor_file(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                             const std::string& key) {
  return choose_dict(parse_any(bytes, path, std::move(owner), {}, key), key);
}

TensorFile read_tensor_file(const std::string& path, const std::string& key) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    if (const std::string kind = folder_kind(path); !kind.empty()) fail("{}: {}", path, kind);
  }
  const auto read_one = [](const std::string& file_path, const std::string& file_key) {
    const auto map = MappedFile::open(file_path);
    return read_mapped(*map, [&] {
      TensorFile file =
          choose_dict(parse_any(map->bytes(), file_path, map, open_beside(file_path), file_key), file_key);
      mark_mapped(file.tensors, *map);
      return file;
    });
  };
  const auto map = MappedFile::open(path);
  const bool index = read_mapped(
      *map, [&] { return !looks_like_safetensors(map->bytes()) && looks_like_json(map->bytes()); });
  if (!index) return read_one(path, key);
  return read_mapped(*map, [&] {
    return choose_dict(
        read_shards(map->bytes(), path, [&](const std::string& shard) { return read_one(shard, ""); }), key);
  });
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
      return write_torch(path, file.tensors, dtype);
    case FileFormat::torch_legacy:
    case FileFormat::torch_script:
    case FileFormat::pickle:
    case FileFormat::onnx:
      fail("{}: files of format {} are only read; write safetensors, npz or PyTorch's zip form (.pth)", path,
           name_of(format));
  }
}

std::optional<FileFormat> format_by_name(const std::string& path) {
  std::string lower = path;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [ending, format] : {std::pair{".safetensors", FileFormat::safetensors},
                                       {".npz", FileFormat::npz},
                                       {".npy", FileFormat::npy},
                                       {".pth", FileFormat::torch_zip},
                                       {".pt", FileFormat::torch_zip}}) {
    if (lower.ends_with(ending)) return format;
  }
  return std::nullopt;
}

FileFormat model_format_for(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array others = {".npy", ".onnx",   ".bin",  ".ckpt", ".h5",     ".hdf5",    ".keras",
                                 ".pkl", ".pickle", ".gguf", ".pb",   ".tflite", ".msgpack", ".ot"};
  if (std::find(others.begin(), others.end(), ending) != others.end())
    fail_usage("'{}': no model is written as {}; give it a name in .safetensors, .pth or .npz",
               printable(path), ending);
  return format_by_name(path).value_or(FileFormat::safetensors);
}

FileFormat format_for(const std::string& path) {
  if (const auto format = format_by_name(path)) return *format;
  fail_usage("'{}': the file's name must end in .safetensors, .npz, .npy, .pth or .pt", path);
}

void save(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
          const std::map<std::string, std::string>& metadata) {
  TensorFile file{.format = format_for(path), .path = path, .tensors = {}, .metadata = metadata};
  for (const auto& [name, tensor] : tensors) file.tensors.push_back(stored(name, tensor));
  write_tensor_file(path, file, file.format);
}

}  // namespace fanin::io
