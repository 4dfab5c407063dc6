#include "examples/fanin/help.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/wrap.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The command and the comment of an example's line.
std::pair<std::string, std::string> cut_comment(const std::string& line) {
  const std::size_t gap = line.find("   ", line.find_first_not_of(' '));
  if (gap == std::string::npos) return {line, ""};
  return {line.substr(0, gap), line.substr(line.find_first_not_of(' ', gap))};
}

/// Where the longest line's text starts that still leaves half of the width to it.
int left_column(int width) { return std::clamp(width / 3, 20, 30); }

}  // namespace

std::string help_text(const std::string& text, int width) {
  std::string shown, prose;
  const auto close_prose = [&] {
    if (prose.empty()) return;
    for (const auto& line : text::wrapped(prose, width)) shown += line + "\n";
    prose.clear();
  };
  std::vector<std::string> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line = lines[i];
    while (line.ends_with(" \\") && i + 1 < lines.size()) {
      const std::string& next = lines[++i];
      line = line.substr(0, line.size() - 1) + next.substr(next.find_first_not_of(' '));
    }
    if (!line.starts_with("  ")) {
      if (line.empty() || line.ends_with(':')) close_prose();
      prose += (prose.empty() ? "" : " ") + line;
      if (line.empty()) shown += "\n";
      if (line.ends_with(':')) close_prose();
      continue;
    }
    close_prose();
    const auto [command, comment] = cut_comment(line);
    if (text::text_width(line) <= width)
      shown += line + "\n";
    else
      shown +=
          text::command_lines(command, width) + (comment.empty() ? "" : text::hanging("", comment, 6, width));
  }
  close_prose();
  return shown;
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  std::string usage = Formatter::make_usage(app, std::move(name));
  usage.erase(usage.find_last_not_of('\n') + 1);
  return text::hanging("Usage:", usage.substr(usage.find(' ') + 1), 7, output_width());
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return help_text(in_locale(app->get_description()), output_width());
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  return app->get_footer().empty() ? "" : help_text(in_locale(app->get_footer()), output_width());
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  const int width = output_width();
  std::string head = in_locale("  " + make_option_name(option, is_positional) + make_option_opts(option));
  if (text::text_width(head) > width) {
    const auto lines = text::wrapped(head, width - 6);
    head = "  " + lines[0];
    for (std::size_t i = 1; i < lines.size(); ++i) head += "\n      " + lines[i];
  }
  return text::hanging(head, in_locale(make_option_desc(option)), left_column(width), width);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return text::hanging("  " + command->get_name(), command->get_description(), 14, output_width());
}

CLI::App& required_command(CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  for (CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == name) return *command;
    known.push_back(command->get_name());
  }
  fail_usage("unknown command '{}'{}", name, suggest(name, known));
}

void add_help(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("help", "Explain a command: fanin help train");
  command->add_option("command", *name, "which; all in short without");
  command->callback([&app, name] {
    const auto formatter = app.get_formatter();
    if (name->empty()) {
      say("{}", formatter->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
      return;
    }
    CLI::App& wanted = required_command(app, *name);
    say("{}",
        formatter->make_help(&wanted, app.get_name() + " " + wanted.get_name(), CLI::AppFormatMode::Normal));
  });
}

}  // namespace fanin::program
