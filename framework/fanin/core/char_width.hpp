#pragma once
#include <cstdint>

namespace fanin {

/// Columns that a terminal gives a character: 2 for the wide ones of East Asian scripts and for emoji, 0 for marks
/// that stand on the character before them, else 1.
int char_width(std::uint32_t code);

}  // namespace fanin
