#pragma once
#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace fanin::init {

/// The value of an option in a text: a number or a word.
using Value = std::variant<double, std::string>;

/// An option that names another scheme, by its text: the one that draws what this one adjusts.
struct Base {
  std::string text;  ///< as `parse` reads it
  /// @{
  /// Not checked before an initializer is made of it.
  Base(std::string scheme) : text(std::move(scheme)) {}
  Base(const char* scheme) : text(scheme) {}
  /// @}
};

/// What an option may be, beyond what its type says. Numbers are finite and of magnitude at most 1e30.
struct OptionLimits {
  double least = -std::numeric_limits<double>::infinity();  ///< allowed itself
  double most = std::numeric_limits<double>::infinity();    ///< allowed itself, unless `below_most`
  bool below_most = false;                                  ///< `most` itself is not allowed
  bool whole = false;                   ///< a whole number, as one of an integer type is in any case
  std::vector<std::string> words = {};  ///< the words allowed; a bool and an enumeration bring their own
};

/// A member of a struct of options as a value: bools and enumerations by their words.
template <class T>
Value value_of(const T& option) {
  if constexpr (std::is_same_v<T, bool>)
    return std::string(option ? "true" : "false");
  else if constexpr (std::is_arithmetic_v<T>)
    return static_cast<double>(option);
  else if constexpr (std::is_enum_v<T>)
    return std::string(choices_of(option).name_of(option));
  else if constexpr (std::is_same_v<T, Base>)
    return option.text;
  else
    return option;
}

/// The inverse of `value_of`, for a value that was checked.
template <class T>
void set_value(T& option, const Value& value) {
  if constexpr (std::is_same_v<T, bool>) {
    option = std::get<std::string>(value) == "true";
  } else if constexpr (std::is_arithmetic_v<T>) {
    option = static_cast<T>(std::get<double>(value));
  } else if constexpr (std::is_enum_v<T>) {
    option = *choices_of(option).find(std::get<std::string>(value));
  } else {
    option = T(std::get<std::string>(value));
  }
}

/// One option of a scheme: a member of the struct of options that the scheme's functions are given, with its
/// name in texts and its meaning. The member's type is the option's: a number, a whole one, a bool ("true",
/// "false"), a word, a `Base`, or an enumeration, whose words `choices_of(Enumeration)` gives in its own
/// namespace (core/named_values.hpp). Its default is the option's.
struct OptionSpec {
  /// `{"gain", &XavierOptions::gain, "factor on the deviation", {.least = 0}}`.
  template <class Struct, class T>
  OptionSpec(std::string called, T Struct::*member, std::string means, OptionLimits may_be = {})
      : name(std::move(called)),
        meaning(std::move(means)),
        limits(std::move(may_be)),
        is_base(std::is_same_v<T, Base>),
        owner(&typeid(Struct)),
        make([]() -> std::shared_ptr<void> { return std::make_shared<Struct>(); }),
        get([member](const void* all) { return value_of(static_cast<const Struct*>(all)->*member); }),
        set([member](void* all, const Value& value) {
          set_value(static_cast<Struct*>(all)->*member, value);
        }),
        standard(get(make().get())) {
    if constexpr (std::is_same_v<T, bool>) {
      limits.words = {"true", "false"};
    } else if constexpr (std::is_enum_v<T>) {
      limits.words = choices_of(T()).names();
    } else if constexpr (std::is_integral_v<T>) {
      constexpr double exact = 9007199254740992;  // 2^53: every whole number up to there is a double
      limits.whole = true;
      limits.least = std::max({limits.least, -exact, static_cast<double>(std::numeric_limits<T>::min())});
      limits.most = std::min({limits.most, exact, static_cast<double>(std::numeric_limits<T>::max())});
    }
  }

  std::string name;                              ///< in texts
  std::string meaning;                           ///< one line for `fanin inits`
  OptionLimits limits;                           ///< with those that its type sets
  bool is_base;                                  ///< its type is `Base`
  const std::type_info* owner;                   ///< the struct it is a member of
  std::shared_ptr<void> (*make)();               ///< such a struct, all at its defaults
  std::function<Value(const void*)> get;         ///< of such a struct
  std::function<void(void*, const Value&)> set;  ///< the value has the default's type
  Value standard;                                ///< the default
};

/// The option `base` of a scheme that adjusts another one's draw.
template <class Struct>
OptionSpec base_option(Base Struct::*member) {
  return {"base", member, "the scheme that draws what this one adjusts"};
}

}  // namespace fanin::init
