#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fanin::init {

/// The first of the patterns in `patterns` (`split_patterns`) that speaks of none of `names` (`covers`): a typing
/// error, also beside others that speak of some. `patterns` itself where it holds none. Nothing when each speaks
/// of one.
std::optional<std::string> unmatched(std::string_view patterns, std::span<const std::string> names);

}  // namespace fanin::init
