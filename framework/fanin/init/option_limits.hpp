#pragma once
#include <optional>
#include <string>

#include <fanin/init/scheme.hpp>

namespace fanin::init {

/// Whether an option may have that value.
bool admits(const OptionSpec& spec, const Value& value);
/// What it may have, for a message: "a finite number in [0, 1)", "one of fan_in, fan_out".
std::string expectation(const OptionSpec& spec);
/// What a base would have to be that this scheme is not, for a message: one that needs no data and no other
/// scheme. None where it can be one.
std::optional<std::string> why_no_base(const SchemeInfo& scheme);
/// An option's value as texts and messages have it; it reads back the same.
std::string option_value_text(const Value& value);

}  // namespace fanin::init
