#pragma once
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fanin/datasets.hpp>

namespace fanin::program {

/// @{
/// What models and data sets are called in texts.
std::vector<std::string> model_names();
std::string name_of(const datasets::DatasetEntry& data);
std::vector<std::string> dataset_names();
/// @}

/// What may stand behind an option or at a place of a command, where the program knows the words: models, schemes,
/// formats; empty where it is a file, a number or a text.
std::vector<std::string> option_words(const CLI::App& command, const CLI::Option& option);

/// Whether a file may stand there.
bool may_be_file(const CLI::App& command, const CLI::Option& option);

/// Of a flag that `command` does not have, but whose name is a word of one that it has: "; did you mean --format csv?"
/// for --csv. Empty for others.
std::string suggest_word(const CLI::App& command, const std::string& flag);

}  // namespace fanin::program
