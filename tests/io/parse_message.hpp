#pragma once
#include <functional>
#include <string>

#include <fanin/core/fail.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/allocations.hpp"
#include "tests/io/bytes.hpp"

/// What a file may cost beyond its own size.
inline constexpr std::size_t allowed_memory = std::size_t{64} << 20;

/// What `parse` refuses these bytes with, or "no error". No bytes may cost more memory than is allowed: then
/// this is the message.
inline std::string message_of(const std::string& bytes, const std::function<void()>& parse) {
  std::string message = "no error";
  const MemoryWatch watch;
  try {
    parse();
  } catch (const fanin::Error& error) {
    message = error.what();
  }
  const std::size_t peak = watch.peak();
  if (peak > bytes.size() + allowed_memory)
    return fmt::format("{} bytes cost {} of memory", bytes.size(), peak);
  return message;
}

/// What reading these bytes as a weight file called "f" is refused with, or "no error".
inline std::string parse_message(const std::string& file) {
  return message_of(file, [&] { fanin::io::parse_tensor_file(bytes_of(file), "f", nullptr); });
}
