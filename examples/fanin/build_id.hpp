#pragma once
#include <string>

namespace fanin::program {

/// What the linker put in to tell this build from others of the same version (`ld --build-id`, as GCC and clang ask
/// for by default): of the program, and of any library of fanin's that it has loaded. Empty where it put in nothing.
std::string build_id();

}  // namespace fanin::program
