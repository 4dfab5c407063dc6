#pragma once
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace fanin::program {

/// What may stand behind an option or at a place of a command, where the program knows the words: models, schemes,
/// formats; empty where it is a file, a number or a text.
std::vector<std::string> option_words(const CLI::App& command, const CLI::Option& option);

/// Whether a file may stand there.
bool may_be_file(const CLI::App& command, const CLI::Option& option);

/// Of a flag that `command` does not have, but whose name is a word of one that it has: "; did you mean --format csv?"
/// for --csv. Empty for others.
std::string suggest_word(const CLI::App& command, const std::string& flag);

}  // namespace fanin::program
