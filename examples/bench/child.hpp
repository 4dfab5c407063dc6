#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace fanin::bench {

using Command = std::vector<std::string>;
/// The words of both, one after the other.
Command operator+(Command first, const Command& rest);

/// What a program that has ended used.
struct Usage {
  int status = 0;  ///< exit status; 127 when it could not be started
  double seconds = 0, peak_mb = 0;
};
/// Runs `command` to its end with its output thrown away.
Usage run_to_end(const Command& command);
/// The first line that `command` prints; empty when it prints none or cannot be run.
std::string first_line_of(const Command& command);
/// Wall time of several programs started together, until the last has ended; negative when one of them
/// failed.
double run_together(const std::vector<Command>& commands);

/// A program that answers every line it gets with one of its own that holds a number: an empty line asks for a
/// measure, `loss` for the loss of some fixed samples. Between its answer and the next question it is stopped.
class Child {
 public:
  explicit Child(const Command& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Error naming the command when it ended in place of an answer.
  double ask(const std::string& question = "");

 private:
  std::string name_;
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
};

}  // namespace fanin::bench
