#pragma once
#include <stdexcept>
#include <string>
#include <vector>

namespace fanin {

/// Whose fault it was; the program's exit code follows from it.
enum class Blame {
  run,    ///< data, files, the machine; exit code 1
  usage,  ///< what the user typed; exit code 2
  memory  ///< the system refused memory; exit code 1
};

/// The one exception type. Its message is one line that names the thing, the value, what was expected and
/// what to do.
class Error : public std::runtime_error {
 public:
  /// `message` without a line's end.
  explicit Error(const std::string& message, Blame blame = Blame::run)
      : std::runtime_error(message), blame_(blame) {}
  Blame blame() const { return blame_; }  ///< whose fault it was

 private:
  Blame blame_;
};

/// The end of a message about an unknown name: "; did you mean 'a' or 'b'?" for up to three of the `known`
/// names that are a slip of `name` (edit distance) or begin with it, else "; known: a, b, c"; nothing when
/// none is known.
std::string suggest(const std::string& name, const std::vector<std::string>& known);

/// Throws a usage Error: "unknown KIND 'NAME'", with what `suggest` says of it.
[[noreturn]] void fail_unknown(const std::string& kind, const std::string& name,
                               const std::vector<std::string>& known);

}  // namespace fanin
