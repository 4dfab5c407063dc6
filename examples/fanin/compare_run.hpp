#pragma once
#include <memory>

#include <fanin/compare/grid.hpp>

#include "examples/fanin/command_words.hpp"
#include "examples/fanin/compare_flags.hpp"
#include "examples/fanin/compare_start.hpp"

namespace fanin::program {

/// A comparison that is about to run: all of it but its runs.
struct Prepared {
  compare::Grid grid;
  data::Sets data;
  compare::Comparison comparison;
  SchemeNotes notes;
};

/// All that can be refused is refused here, before the first run.
std::unique_ptr<Prepared> prepare(const CompareFlags& flags, const CommandLine& line);

/// Runs the grid and fills in what came of it.
void make_runs(Prepared& it, const CompareFlags& flags);

}  // namespace fanin::program
