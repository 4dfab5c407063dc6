#pragma once
#include <doctest/doctest.h>

#include <string>

#include <fanin/core/error.hpp>

/// What `body` is refused with; a usage Error, or "no error".
std::string usage_message(auto&& body) {
  try {
    body();
  } catch (const fanin::Error& error) {
    CHECK(error.blame() == fanin::Blame::usage);
    return error.what();
  }
  return "no error";
}
