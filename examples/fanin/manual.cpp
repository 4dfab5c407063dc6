// Man pages, made of the program's own commands and flags, so that they say what the program does.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/version.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/writable.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/command_words.hpp"
#include "examples/fanin/help.hpp"

namespace fanin::program {
namespace {

/// As roff has it: no escape, no request at a line's start. In ASCII, as man drops what a locale cannot show.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char c : in_ascii(text)) {
    if ((escaped.empty() || escaped.back() == '\n') && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\')
      escaped += "\\e";
    else if (c == '-')
      escaped += "\\-";
    else
      escaped += c;
  }
  return escaped;
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames())
    names += (names.empty() ? "\\fB\\-" : ", \\fB\\-") + name + "\\fR";
  for (const auto& name : option.get_lnames())
    names += (names.empty() ? "\\fB\\-\\-" : ", \\fB\\-\\-") + roff(name) + "\\fR";
  if (names.empty()) names = "\\fI" + roff(option.get_name(true)) + "\\fR";
  if (option.nonpositional() && takes_value(option)) names += " \\fI" + roff(option.get_type_name()) + "\\fR";
  return names;
}

std::string options_text(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    text += fmt::format(".TP\n{}\n{}", option_names(*option), roff(option->get_description()));
    if (!option->get_default_str().empty()) text += fmt::format(" [{}]", roff(option->get_default_str()));
    text += "\n";
  }
  return text;
}

/// A command's page, or with `command` the program the program's.
std::string page(const CLI::App& program, const CLI::App& command) {
  const bool whole = &program == &command;
  const std::string name = whole ? program.get_name() : program.get_name() + "-" + command.get_name();
  std::string text =
      fmt::format(".TH {} 1 \"\" \"fanin {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", name,
                  version, roff(name), roff(command.get_description()));
  if (whole) {
    text += ".B fanin\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n";
    for (const CLI::App* one : program.get_subcommands({}))
      text += fmt::format(".TP\n.B {}\n{}\n", roff(one->get_name()), roff(one->get_description()));
  } else {
    text += fmt::format(".B fanin {}\n[\\fIOPTIONS\\fR]", roff(command.get_name()));
    for (const CLI::Option* option : command.get_options())
      if (option->get_positional()) text += fmt::format(" \\fI{}\\fR", roff(option->get_name(true)));
    text += "\n";
  }
  text += ".SH OPTIONS\n" + options_text(command);
  if (!command.get_footer().empty())
    text += fmt::format(".SH NOTES\n.nf\n{}.fi\n", roff(help_text(command.get_footer(), 72)));
  text += ".SH SEE ALSO\n";
  if (!whole) text += fmt::format(".BR {} (1)", roff(program.get_name()));
  if (whole)
    for (const CLI::App* one : program.get_subcommands({}))
      text += fmt::format(".BR fanin\\-{} (1)\n", roff(one->get_name()));
  return text + "\n";
}

}  // namespace

void add_manual(CLI::App& app) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("manual", "Write the man pages, or the one of this program to stdout");
  command->add_option("folder", *folder, "write fanin.1, fanin-train.1, … here, for man");
  command->callback([&app, folder] {
    if (folder->empty()) {
      say("{}", page(app, app));
      return;
    }
    io::require_writable_folder(*folder);
    const auto write = [&](const CLI::App& one, const std::string& name) {
      io::write_atomically(*folder + "/" + name + ".1",
                           [&](io::AtomicWriter& file) { file.write(page(app, one)); });
    };
    write(app, app.get_name());
    for (const CLI::App* one : app.get_subcommands({})) write(*one, app.get_name() + "-" + one->get_name());
  });
}

}  // namespace fanin::program
