#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/core/error.hpp>

namespace fanin {

/// One value of an enum and its text.
template <class E>
struct NamedValue {
  E value;           ///< one of the enum's
  const char* name;  ///< its text
};

/// The texts of an enum's values, as one table from which printing, reading and suggestions follow.
template <class E, std::size_t n>
struct NamedValues {
  const char* kind;      ///< what sort of thing they are, for messages: "adaptation"
  NamedValue<E> all[n];  ///< in the order in which they are told

  /// The text of a value that is in the table.
  constexpr const char* name_of(E value) const {
    for (const auto& one : all)
      if (one.value == value) return one.name;
    return "?";
  }
  /// The value of that text; none for an unknown one.
  constexpr std::optional<E> find(std::string_view name) const {
    for (const auto& one : all)
      if (name == one.name) return one.value;
    return std::nullopt;
  }
  /// The same; Error (usage) with the nearest texts for an unknown one: "unknown adaptation 'x'; …".
  E named(const std::string& name) const {
    if (const auto found = find(name)) return *found;
    fail_unknown(kind, name, names());
  }
  /// All texts, in the table's order.
  std::vector<std::string> names() const {
    std::vector<std::string> texts;
    for (const auto& one : all) texts.emplace_back(one.name);
    return texts;
  }
};

/// The table: `constexpr auto kinds = named_values<Kind>("kind", {{Kind::a, "a"}, {Kind::b, "b"}})`.
template <class E, std::size_t n>
constexpr NamedValues<E, n> named_values(const char* kind, const NamedValue<E> (&all)[n]) {
  NamedValues<E, n> table{kind, {}};
  for (std::size_t i = 0; i < n; ++i) table.all[i] = all[i];
  return table;
}

}  // namespace fanin
