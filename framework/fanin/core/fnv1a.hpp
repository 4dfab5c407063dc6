#pragma once
#include <cstdint>
#include <string_view>

namespace fanin {

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo): the same for equal bytes on every machine, for draws and splits
/// that must not change. Its high bits are weak for short texts.
constexpr std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace fanin
