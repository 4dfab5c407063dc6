#pragma once

namespace fanin {

/// Of the library, the program and the files that they write; CHANGELOG.md says what each brought.
inline constexpr const char* version = "0.2.0";

}  // namespace fanin
