#include "framework/io/tensor_file.hpp"

#include <algorithm>
#include <cctype>

#include "framework/core/error.hpp"
#include "framework/io/mapped_file.hpp"
#include "framework/io/safetensors.hpp"

namespace fanin {
namespace {

/// JSON begins with '{'; read as a safetensors header length, any text is far past every file's end.
bool looks_like_json(Bytes bytes) {
  const auto first = std::find_if(
      bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 64)),
      [](std::byte b) { return std::isspace(std::to_integer<int>(b)) == 0; });
  return first != bytes.end() && *first == std::byte{'{'};
}

}  // namespace

TensorFile parse_tensor_file(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  if (bytes.empty()) fail("{}: the file is empty", path);
  return parse_safetensors(bytes, path, std::move(owner));
}

TensorFile read_tensor_file(const std::string& path) {
  const auto map = MappedFile::open(path);
  if (!looks_like_safetensors(map->bytes()) && looks_like_json(map->bytes())) {
    return read_sharded_safetensors(map->bytes(), path);
  }
  return parse_tensor_file(map->bytes(), path, map);
}

}  // namespace fanin
