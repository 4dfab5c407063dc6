#pragma once
#include <string>

namespace fanin::program {

/// What `fanin --version` tells: version, then compiler, the instruction set that this CPU gets, and the
/// libraries in use, a line each.
std::string version_text();

}  // namespace fanin::program
