#pragma once
#include <string>
#include <vector>

/// What a run of the program left behind.
struct Outcome {
  int code = -1;  ///< exit code; 128 + the signal's number when a signal ended it
  std::string out = {}, err = {};
};

/// The program that is tested: $FANIN_BIN, or build/fanin.
std::string fanin_path();

/// Runs it with `arguments`, on lines as wide as they come unless $COLUMNS says otherwise. With `interrupt_when`, sends
/// Ctrl-C once when a file exists in that folder.
Outcome fanin_command(const std::vector<std::string>& arguments, const std::string& interrupt_when = {});

/// Runs the program and kills it (SIGKILL) after `milliseconds`; whether it was still running then.
bool fanin_killed(const std::vector<std::string>& arguments, int milliseconds);

/// Runs the program and kills it as soon as there is such a file, or after a minute; whether it was still running
/// then.
bool fanin_killed_at(const std::vector<std::string>& arguments, const std::string& file);

/// Runs the program `claims` beside it, or an example of the library (examples/NAME.cpp).
Outcome claims_command(const std::vector<std::string>& arguments);
Outcome example_command(const std::string& name, const std::vector<std::string>& arguments = {});

/// Whether mpirun is here and the program was built for it; says so where not.
bool can_start_ranks();
/// Runs the program by mpirun, as so many processes; more such groups, each with its own arguments, may follow.
struct RankGroup {
  int ranks;
  std::vector<std::string> arguments;
  std::string program = fanin_path();
};
Outcome fanin_on_ranks(const std::vector<RankGroup>& groups, const std::string& interrupt_when = {});

/// How many lines a text has; one that does not end its last line counts it too.
int line_count(const std::string& text);
