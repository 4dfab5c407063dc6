#pragma once
#include <optional>
#include <string>

#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// The option `base` of schemes that start from another one's draw.
OptionSpec base_option(const std::string& standard);
/// The scheme it names.
Initializer base_of(const Initializer& options);
/// A scheme's `draw_at`: what its base takes; the source it is given is its base's.
Draw draw_of_base(const Shape& shape, const Site& site, const Initializer& options);
/// What a base would have to be that this scheme is not: one that needs no data and no other scheme. None
/// where it can be one.
std::optional<std::string> why_no_base(const SchemeInfo& scheme);
/// A scheme's `check`: error for a base that is none.
void check_base(const Initializer& options);

}  // namespace fanin::init
