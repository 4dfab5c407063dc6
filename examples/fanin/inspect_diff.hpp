#pragma once
#include <string>

namespace fanin::program {

/// Prints what differs between two weight files. Leaves the program with exit code 1 (CLI::RuntimeError) when
/// a tensor does; `key` chooses a dict in files that nest them (io/nested_dict). Usage Error, so 2, for a
/// file that cannot be read.
void inspect_diff(const std::string& a, const std::string& b, const std::string& key, bool as_json);

}  // namespace fanin::program
