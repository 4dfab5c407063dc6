#pragma once
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace fanin::program {

/// A command line, a word each: program, command, options.
struct CommandLine {
  std::vector<std::string> all;  ///< as it was typed
  /// As little of it as gives the same result: without options that have their default, and without those that
  /// say where output goes, in which form, and on how many threads.
  std::vector<std::string> reproduce;
};

/// The words that this process was started with; none where the system does not say.
std::vector<std::string> own_words();

/// The command line of these words, of which `command` was parsed.
CommandLine command_line(const CLI::App& command, std::vector<std::string> words);

/// As little of a command that was parsed as gives the same result, in the order in which it lists its options: the
/// same words however they were typed. Options in `settled` have that value, given or not.
std::vector<std::string> reproducing_words(const CLI::App& command,
                                           const std::map<std::string, std::string>& settled = {});

/// Whether a word stands behind the option, or it is a flag.
bool takes_value(const CLI::Option& option);

/// Whether a result depends on the option of this name ("--out": no).
bool changes_results(const std::string& name);

}  // namespace fanin::program
