#pragma once
#include <string>

#include "framework/core/error.hpp"
#include "framework/io/tensor_file.hpp"
#include "tests/io/bytes.hpp"

/// What reading these bytes as a weight file called "f" is refused with, or "no error".
inline std::string parse_message(const std::string& file) {
  try {
    fanin::parse_tensor_file(bytes_of(file), "f", nullptr);
  } catch (const fanin::Error& error) {
    return error.what();
  }
  return "no error";
}
