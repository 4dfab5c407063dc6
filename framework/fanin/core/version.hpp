#pragma once

/// @{
/// The version's three numbers, for `#if`. While the first is 0, a change of the second may break what uses
/// the library.
#define FANIN_VERSION_MAJOR 0
#define FANIN_VERSION_MINOR 2
#define FANIN_VERSION_PATCH 0
/// @}

namespace fanin {

/// Of the library, the program and the files that they write; CHANGELOG.md says what each brought.
inline constexpr const char* version = "0.2.0";

}  // namespace fanin
