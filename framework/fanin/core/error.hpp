#pragma once
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace fanin {

/// Whose fault it was; the program's exit code follows from it (`run` and `memory`, which the system refused
/// → 1, `usage` → 2).
enum class Blame { run, usage, memory };

/// The one exception type. Its message is one line that names the thing, the value, what was expected and
/// what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, Blame blame = Blame::run)
      : std::runtime_error(message), blame_(blame) {}
  Blame blame() const { return blame_; }

 private:
  Blame blame_;
};

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

/// "; did you mean 'a' or 'b'?" for the known names nearest to `name` by edit distance, or "; known: a, b, c"
/// when none is near.
std::string suggest(const std::string& name, const std::vector<std::string>& known);

}  // namespace fanin
