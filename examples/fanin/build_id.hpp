#pragma once
#include <string>

namespace fanin::program {

/// What the linker put in to tell this build from others of the same version (`ld --build-id`, as GCC and clang ask
/// for by default): of the program, and of any library of fanin's that it has loaded. Empty where it put in nothing.
std::string build_id();
/// The library's version, as bytes of this program: not in line, where clang makes it numbers among the instructions.
const char* built_version();

}  // namespace fanin::program
