#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// ONNX files, byte by byte: protocol buffers' fields, and what they make up.
namespace onnx {

inline std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}

inline std::string number(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string bytes(std::uint64_t field, const std::string& value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}

/// An initializer of an ONNX data type, with `fields` for its data.
inline std::string tensor(std::uint64_t type, const std::vector<std::uint64_t>& sizes,
                          const std::string& fields, const std::string& name = "w") {
  std::string out;
  for (const auto size : sizes) out += number(1, size);
  return out + number(2, type) + bytes(8, name) + fields;
}

inline std::string model(const std::string& graph) {
  return number(1, 7) + bytes(2, "test") + bytes(7, graph);
}
inline std::string holding(const std::string& tensor) { return model(bytes(5, tensor)); }

/// Says that a tensor lies in another file: `key` is location, offset or length.
inline std::string external(const std::string& key, const std::string& value) {
  return bytes(13, bytes(1, key) + bytes(2, value));
}

}  // namespace onnx
