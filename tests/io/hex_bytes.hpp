#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>

/// A tensor's elements as they lie in its file, in hexadecimal.
inline std::string hex_bytes(const fanin::io::StoredTensor& tensor) {
  std::vector<std::byte> bytes(tensor.byte_size());
  tensor.read_bytes(0, tensor.numel(), bytes.data());
  std::string out;
  for (const std::byte b : bytes) out += fmt::format("{:02x}", std::to_integer<unsigned>(b));
  return out;
}
