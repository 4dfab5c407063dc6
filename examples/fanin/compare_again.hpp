#pragma once
#include <CLI/CLI.hpp>

#include "examples/fanin/compare_flags.hpp"

namespace fanin::program {

/// `--again results.json`: makes the comparison of that file anew and says run by run whether the bits are the
/// same. Error when any differs, or for a file that does not say how it was made; usage Error for what would
/// open a path on the file's word, and for flags that the file is to say.
void run_again(const CompareFlags& given, const CLI::App& command);

}  // namespace fanin::program
