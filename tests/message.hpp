#pragma once
#include <string>

#include <fanin/core/error.hpp>

/// What `action` is refused with, or "no error".
std::string message(const auto& action) {
  try {
    action();
  } catch (const fanin::Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
