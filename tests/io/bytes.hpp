#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include <fanin/io/dtype.hpp>

// Building bytes for files that no honest program writes.

inline fanin::io::Bytes bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// A value's own bytes (little-endian, as the machine is).
template <class T>
requires std::is_arithmetic_v<T> std::string raw(T value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

inline std::string u16(std::size_t value) { return raw(static_cast<std::uint16_t>(value)); }
inline std::string u32(std::size_t value) { return raw(static_cast<std::uint32_t>(value)); }
inline std::string u64(std::uint64_t value) { return raw(value); }
