#pragma once
// For the library's and the program's own files: what is installed does without fmt.
#include <fmt/format.h>

#include <fanin/core/error.hpp>

namespace fanin {

/// Throws an Error with a formatted message: `fail("conv2d: stride {} must be at least 1", stride)`.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// As `fail`, for what the user typed: an unknown name, a bad option, a malformed text (exit code 2).
template <class... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...), Blame::usage);
}

}  // namespace fanin
