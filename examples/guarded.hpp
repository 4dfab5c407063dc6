#pragma once
#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>

namespace fanin {

/// The command that was typed: the innermost one that was recognised.
inline const CLI::App& typed_command(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : *chosen[0];
}

/// "; did you mean …?" for a flag that a command does not have; empty where nothing is alike.
using FlagHint = std::string (*)(const CLI::App& command, const std::string& flag);

/// What is wrong with a command line, with the flags nearest to one that is not known (or else what `hint` says), and
/// where to read on.
inline std::string explain(const CLI::App& app, const CLI::ParseError& error, FlagHint hint) {
  const CLI::App& command = typed_command(app);
  const std::string name = &command == &app ? app.get_name() : app.get_name() + " " + command.get_name();
  std::string what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> extras = app.remaining(true);
    const auto flag = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& one) { return one.starts_with("-"); });
    if (flag != extras.end()) {
      std::vector<std::string> known;
      for (const CLI::Option* option : command.get_options()) {
        for (const auto& one : option->get_lnames()) known.push_back("--" + one);
      }
      const std::string typed = flag->substr(0, flag->find('='));
      std::string near = suggest(typed, known);
      if (near.starts_with("; known")) near = hint ? hint(command, typed) : "";
      what = fmt::format("unknown option '{}'{}", typed, near);
    } else if (!extras.empty()) {
      what = fmt::format("unexpected argument '{}': {} has no place for it", extras[0], name);
    }
  }
  while (!what.empty() && (what.back() == '\n' || what.back() == '.')) what.pop_back();
  return fmt::format("{}; see {} --help", what, name);
}

/// A program's exit code: what `body` returns, which is given the command line to add options to and to parse;
/// or 2 for a wrong command line and 1 for any other error, told in a line on stderr. Results that did not arrive
/// on stdout are an error too. `hint` says what a flag that is not known may have meant.
template <class Body>
int guarded(const char* name, const char* about, const Body& body, FlagHint hint = nullptr) {
  const auto report = [name](const std::string& message, int code) {
    note_error(name, message);
    return code;
  };
  prepare_streams();
  try {
    CLI::App app(about, name);
    int code = 0;
    try {
      code = body(app);
    } catch (const CLI::Success& success) {
      code = app.exit(success);
    } catch (const CLI::RuntimeError& end) {  // a command that has said all, and chooses its exit code
      code = end.get_exit_code();
    } catch (const CLI::ParseError& error) {
      return report(explain(app, error, hint), 2);
    }
    close_output();
    return code;
  } catch (const Error& error) {
    return report(error.what(), error.blame() == Blame::usage ? 2 : 1);
  } catch (const std::bad_alloc&) {
    return report("out of memory: try a smaller model or batch", 1);
  } catch (const std::exception& error) {
    return report(error.what(), 1);
  }
}

}  // namespace fanin
