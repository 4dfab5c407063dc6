#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin {

/// One argument of a call text: `key=text`, or `text` alone.
struct CallArgument {
  std::string key = {};          ///< empty for a positional argument
  std::string text = {};         ///< the value, without the quotes it stood in
  std::size_t position = 0;      ///< of the value's first byte in the source, counted from 0
  std::size_t key_position = 0;  ///< of the key's; the value's when there is no key

  /// Whether they say the same, wherever they stand.
  bool operator==(const CallArgument& other) const { return key == other.key && text == other.text; }
};

/// A call text, the way schemes, models and data sets are named on the command line, in files and in
/// checkpoints: `name`, `name(0.01)`, `mlp(hidden=256-128, activation=tanh)`. A value may itself be a call,
/// `a=sqrt(5)`, and may stand in quotes, 'single' or "double", where it holds a comma, an equals sign, a lone
/// parenthesis or space at its ends: folder("cats, dogs"). Within quotes \\ is a backslash and \' or \" the
/// quote itself; any other backslash stands for itself. A '=' behind a '/' belongs to a path, quoted or not.
/// Behind a ';' may stand what names in the values mean: `uniform(a=-r, b=r; r=sqrt(6/fan_in))`.
struct CallExpression {
  std::string name;                            ///< letters, digits, `_`, `-` and `.`, a letter or `_` first
  std::vector<CallArgument> args;              ///< in the order written
  std::vector<CallArgument> definitions = {};  ///< behind the ';', each with a key
  std::size_t position = 0;                    ///< of the name's first byte in the source, counted from 0
  std::string source;                          ///< the whole text it was read from, for messages

  /// Error (usage) that shows the position for anything else than one call.
  static CallExpression parse(std::string_view text);
  /// Reads `source` from `begin` up to `end`: a call inside a longer text, so that messages show the longer
  /// one.
  static CallExpression parse(std::string_view source, std::size_t begin, std::size_t end);

  /// `name(key=text, …; key=text)`, without parentheses when there are no arguments; `parse` reads it back.
  std::string to_string() const;
  /// Whether they say the same, wherever they stand.
  bool operator==(const CallExpression& other) const {
    return name == other.name && args == other.args && definitions == other.definitions;
  }
};

/// `text` as a value of a call text: as it is where it reads back so, else in double quotes.
std::string value_text(const std::string& text);

/// The pieces of a list of call texts: `text` cut at any of `separators` outside parentheses, braces and
/// quoted values. Each as its first and one-past-last byte, without the space around it; empty ones are left
/// out.
std::vector<std::pair<std::size_t, std::size_t>> split_calls(std::string_view text,
                                                             std::string_view separators);

/// `text` between single quotes, on one line and of bearable length, for a message.
std::string in_quotes(std::string_view text);
/// "at character 17 of 'kaiming_normal(mde=…'", counting from 1.
std::string at_character(std::string_view source, std::size_t position);

/// The shortest text that reads back as the same number.
std::string number_text(double value);

/// The arguments of a call as typed options. Made with the names the call knows, in the order of its
/// positional arguments: an unknown, repeated or surplus argument is an Error (usage) there, a bad value one
/// when it is asked for. An option that the call leaves out has the `fallback` asked for.
class CallOptions {
 public:
  /// `kind` names the sort of thing in messages: "scheme", "model". Definitions are not options: Error (usage).
  CallOptions(const CallExpression& call, std::string kind, std::vector<std::string> known);

  /// Whether the call gives this option.
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// A finite number, or a formula of numbers (core/formula.hpp): `0.5`, `1e-3`, `sqrt(5)`, `2/3`.
  double number(std::string_view key, double fallback) const;
  /// A whole number within [least, most].
  Index integer(std::string_view key, Index fallback, Index least, Index most) const;
  /// One of `allowed`; any word when that is empty.
  std::string word(std::string_view key, const std::string& fallback,
                   const std::vector<std::string>& allowed = {}) const;
  /// true/false, yes/no, on/off, 1/0.
  bool flag(std::string_view key, bool fallback) const;
  /// A dashed list of 1 to 4096 whole numbers within [least, most]: `256-128`.
  std::vector<Index> sizes(std::string_view key, const std::vector<Index>& fallback, Index least,
                           Index most) const;

  /// Throws a usage Error about this option's value: "scheme 'normal': std = -1 must be ≥ 0, at character 12
  /// of '…'".
  [[noreturn]] void refuse(std::string_view key, const std::string& expected) const;
  /// What the call gives for this option; null where it does not.
  const CallArgument* find(std::string_view key) const;

 private:
  /// What to do about a path that a comma has cut in two, where an argument before `key`'s looks like one.
  std::string quoting_hint(std::string_view key) const;

  std::string kind_, name_, source_;
  std::vector<std::string> known_;
  std::vector<CallArgument> args_;  // with every key filled in
};

}  // namespace fanin
