#pragma once
#include <string>

#include <CLI/CLI.hpp>

namespace fanin::program {

/// Help for the width at hand: descriptions beside their flags and wrapped, examples continued by a backslash.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() = default;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

/// Prose and examples, each on a line of its own and indented, for so many columns. A comment stands behind an
/// example after three spaces or more.
std::string help_text(const std::string& text, int width);

/// The command of that name; Error (usage) with the nearest for one that there is not.
CLI::App& required_command(CLI::App& app, const std::string& name);

}  // namespace fanin::program
