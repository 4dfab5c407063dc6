#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/message.hpp"

/// Something that cannot be done, and a part of what is said of it.
struct Case {
  std::string what;
  std::function<void()> action;
  const char* said;
};

/// Every case is refused by an Error of one line that says so.
inline void check_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CAPTURE(one.what);
    const std::string text = message(one.action);
    CAPTURE(text);
    CHECK(holds(text, one.said));
    CHECK(text.find('\n') == std::string::npos);
  }
}
