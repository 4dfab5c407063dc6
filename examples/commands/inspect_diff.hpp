#pragma once
#include <string>

namespace fanin::program {

/// Prints what differs between two weight files. Leaves the program with exit code 1 (CLI::RuntimeError) when a tensor
/// does; usage Error, so 2, for a file that cannot be read.
void inspect_diff(const std::string& a, const std::string& b, bool as_json);

}  // namespace fanin::program
