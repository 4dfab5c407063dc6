// Completion for shells, made of the program's own commands and flags.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <vector>

#include <fanin/core/choice.hpp>
#include <fanin/core/console.hpp>
#include <fanin/init/scheme.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/command_words.hpp"

namespace fanin::program {
namespace {

using Words = std::vector<std::string>;

Words command_names(const CLI::App& app) {
  Words names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// What may stand behind a flag: names that the program knows; empty where it is a file, a number or a text.
Words values_of(const CLI::Option& option) {
  Words names;
  if (option.check_lname("model") || option.check_lname("models")) {
    for (const auto& model : models::registry()) names.push_back(model.name);
  } else if (option.check_lname("init") || option.check_lname("schemes")) {
    names.emplace_back("default");
    for (const auto* scheme : init::schemes()) names.push_back(scheme->name);
  } else if (option.check_lname("data")) {
    for (const auto& data : datasets::known_datasets())
      names.push_back(data.usage.substr(0, data.usage.find('(')));
  }
  return names;
}

/// What may stand where no flag does.
Words positional_words(const CLI::App& app, const CLI::App& command) {
  if (command.get_name() == "help") return command_names(app);
  if (command.get_name() == "completion") return {"bash", "zsh", "fish"};
  Words names;
  if (command.get_name() == "inits")
    for (const auto* scheme : init::schemes()) names.push_back(scheme->name);
  return names;
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
      "  local word=${{COMP_WORDS[COMP_CWORD]}} words=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words='{} --help --version'\n"
      "  else\n"
      "    case ${{COMP_WORDS[1]}}:${{COMP_WORDS[COMP_CWORD - 1]}} in\n",
      fmt::join(command_names(app), " "));
  std::string flags, places;
  for (const CLI::App* command : app.get_subcommands({})) {
    Words all;
    for (const CLI::Option* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) {
        all.push_back("--" + name);
        const Words values = values_of(*option);
        if (!takes_value(*option)) continue;
        text +=
            fmt::format("      {}:--{}) words='{}' ;;\n", command->get_name(), name, fmt::join(values, " "));
      }
    }
    flags += fmt::format("          {}) words='{}' ;;\n", command->get_name(), fmt::join(all, " "));
    if (const Words words = positional_words(app, *command); !words.empty())
      places += fmt::format("          {}) words='{}' ;;\n", command->get_name(), fmt::join(words, " "));
  }
  return text + "      *)\n        if [[ $word == -* ]]; then\n          case ${COMP_WORDS[1]} in\n" + flags +
         "          esac\n        else\n          case ${COMP_WORDS[1]} in\n" + places +
         "          esac\n        fi\n        ;;\n    esac\n  fi\n"
         "  # Without words of ours, files (complete -o default).\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
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
        std::string one = fmt::format("--{}[{}]", name, zsh_text(option->get_description()));
        const Words values = values_of(*option);
        if (takes_value(*option))
          one += values.empty() ? ":value:_files" : fmt::format(":value:({})", fmt::join(values, " "));
        text += " \\\n        " + shell_quoted(one);
      }
    }
    const Words words = positional_words(app, *command);
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
  std::string text = "# fish completion of fanin: install it in share/fish/vendor_completions.d/fanin.fish\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    text += fmt::format("complete -c fanin -n __fish_use_subcommand -f -a {} -d {}\n", command->get_name(),
                        fish_text(command->get_description()));
    const std::string here =
        fmt::format("complete -c fanin -n '__fish_seen_subcommand_from {}'", command->get_name());
    for (const CLI::Option* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) {
        const Words values = values_of(*option);
        std::string form;
        if (takes_value(*option))
          form = values.empty() ? " -r" : fmt::format(" -x -a '{}'", fmt::join(values, " "));
        text += fmt::format("{} -l {}{} -d {}\n", here, name, form, fish_text(option->get_description()));
      }
    }
    if (const Words words = positional_words(app, *command); !words.empty())
      text += fmt::format("{} -f -a '{}'\n", here, fmt::join(words, " "));
  }
  return text;
}

enum class Shell { bash, zsh, fish };
constexpr auto shells =
    choices<Shell>("shell", {{Shell::bash, "bash"}, {Shell::zsh, "zsh"}, {Shell::fish, "fish"}});

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
