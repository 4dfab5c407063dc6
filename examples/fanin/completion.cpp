// Completion for shells, made of the program's own commands and flags.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <vector>

#include <fanin/core/console.hpp>
#include <fanin/core/named_values.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/command_words.hpp"
#include "examples/fanin/option_words.hpp"

namespace fanin::program {
namespace {

using Words = std::vector<std::string>;

Words command_names(const CLI::App& app) {
  Words names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// What may stand where no flag does.
Words place_words(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional())
      if (Words words = option_words(command, *option); !words.empty()) return words;
  return {};
}

/// Within single quotes of a POSIX shell.
std::string shell_quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string bash_script(const CLI::App& app) {
  std::string text = fmt::format(
      "# bash completion of fanin: source it, or install it in share/bash-completion/completions/fanin\n"
      "_fanin() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words= files=1\n"
      "  # bash cuts --flag=value in three.\n"
      "  if [[ $word == = ]]; then\n"
      "    word=\n"
      "  elif [[ $before == = && $COMP_CWORD -gt 2 ]]; then\n"
      "    before=${{COMP_WORDS[COMP_CWORD - 2]}}\n"
      "  fi\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words='{} --help --version' files=\n"
      "  else\n"
      "    case ${{COMP_WORDS[1]}}:$before in\n",
      fmt::join(command_names(app), " "));
  std::string flags, places;
  for (const CLI::App* command : app.get_subcommands({})) {
    Words all;
    for (const CLI::Option* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) {
        all.push_back("--" + name);
        if (!takes_value(*option)) continue;
        text += fmt::format("      {}:--{}) words='{}'{} ;;\n", command->get_name(), name,
                            fmt::join(option_words(*command, *option), " "),
                            may_be_file(*command, *option) ? "" : " files=");
      }
    }
    flags += fmt::format("          {}) words='{}' files= ;;\n", command->get_name(), fmt::join(all, " "));
    if (const Words words = place_words(*command); !words.empty())
      places +=
          fmt::format("          {}) words='{}' files= ;;\n", command->get_name(), fmt::join(words, " "));
  }
  return text + "      *)\n        if [[ $word == -* ]]; then\n          case ${COMP_WORDS[1]} in\n" + flags +
         "          esac\n        else\n          case ${COMP_WORDS[1]} in\n" + places +
         "          esac\n        fi\n        ;;\n    esac\n  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  # Files, where words of ours have no place (complete -o default).\n"
         "  [[ $files ]] || compopt +o default 2>/dev/null\n"
         "  return 0\n}\n"
         "complete -o default -F _fanin fanin\n";
}

/// A description within an _arguments specification.
std::string zsh_text(const std::string& text) {
  std::string escaped;
  for (const char c : text)
    escaped += c == '[' || c == ']' || c == ':' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return escaped;
}

std::string zsh_script(const CLI::App& app) {
  std::string text =
      "#compdef fanin\n# zsh completion of fanin: install it as _fanin in a folder of $fpath\n_fanin() {\n"
      "  if ((CURRENT == 2)); then\n    local -a commands=(\n";
  for (const CLI::App* command : app.get_subcommands({}))
    text += fmt::format("      {}\n",
                        shell_quoted(command->get_name() + ":" + zsh_text(command->get_description())));
  text += "    )\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    text += fmt::format("    {})\n      _arguments", command->get_name());
    for (const CLI::Option* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) {
        const bool valued = takes_value(*option);
        // * may be given more than once; = takes its value behind a space or an equals sign
        std::string one = fmt::format("{}--{}{}[{}]", option->get_items_expected_max() > 1 ? "*" : "", name,
                                      valued ? "=" : "", zsh_text(option->get_description()));
        const Words words = option_words(*command, *option);
        if (valued && !words.empty())
          one += fmt::format(":value:({})", fmt::join(words, " "));
        else if (valued)
          one += may_be_file(*command, *option) ? ":value:_files" : ":value:";
        text += " \\\n        " + shell_quoted(one);
      }
    }
    const Words words = place_words(*command);
    text +=
        " \\\n        " +
        shell_quoted(words.empty() ? "*:file:_files" : fmt::format("*:name:({})", fmt::join(words, " "))) +
        "\n      ;;\n";
  }
  return text +
         "  esac\n}\nif [ \"$funcstack[1]\" = _fanin ]; then _fanin \"$@\"; else compdef _fanin fanin; fi\n";
}

std::string fish_text(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return word + "'";
}

std::string fish_script(const CLI::App& app) {
  std::string text =
      "# fish completion of fanin: install it in share/fish/vendor_completions.d/fanin.fish\n"
      "# Whether the command is this one: its name may be a file's or a value's too.\n"
      "function __fanin_command\n"
      "  set -l words (commandline -opc)\n"
      "  test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
      "end\n"
      "function __fanin_no_command\n"
      "  test (count (commandline -opc)) -eq 1\n"
      "end\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    text += fmt::format("complete -c fanin -n __fanin_no_command -f -a {} -d {}\n", command->get_name(),
                        fish_text(command->get_description()));
    const std::string here = fmt::format("complete -c fanin -n '__fanin_command {}'", command->get_name());
    for (const CLI::Option* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) {
        const Words words = option_words(*command, *option);
        std::string form;
        if (takes_value(*option))
          form = !words.empty()                   ? fmt::format(" -x -a '{}'", fmt::join(words, " "))
                 : may_be_file(*command, *option) ? " -r"
                                                  : " -x";
        text += fmt::format("{} -l {}{} -d {}\n", here, name, form, fish_text(option->get_description()));
      }
    }
    if (const Words words = place_words(*command); !words.empty())
      text += fmt::format("{} -f -a '{}'\n", here, fmt::join(words, " "));
  }
  return text;
}

enum class Shell { bash, zsh, fish };
constexpr auto shells =
    named_values<Shell>("shell", {{Shell::bash, "bash"}, {Shell::zsh, "zsh"}, {Shell::fish, "fish"}});

std::string script(const CLI::App& app, Shell shell) {
  switch (shell) {
    case Shell::zsh:
      return zsh_script(app);
    case Shell::fish:
      return fish_script(app);
    default:
      return bash_script(app);
  }
}

}  // namespace

void add_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Write the completion of a shell to stdout");
  command->footer("Example:\n  source <(fanin completion bash)");
  command->add_option("shell", *shell, "bash, zsh or fish")->required();
  command->callback([&app, shell] { say("{}", script(app, shells.named(*shell))); });
}

}  // namespace fanin::program
