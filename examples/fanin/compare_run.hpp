#pragma once
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/grid_ranks.hpp>

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
  train::JsonLog::Labels log_facts = {};
  int jobs = 1;                                     ///< runs made at a time, by all ranks together
  std::unique_ptr<compare::RunDealer> dealer = {};  ///< of rank 0, where several make the runs
};

/// All that can be refused is refused here, before the first run; on every rank where there are several, and
/// alike.
std::unique_ptr<Prepared> prepare(const CompareFlags& flags, const CommandLine& line);

/// Makes runs for rank 0 until it needs no more; false on rank 0 itself, or where there is but one process.
bool served(Prepared& it, const CompareFlags& flags);

/// Runs the grid and fills in what came of it.
void make_runs(Prepared& it, const CompareFlags& flags);

/// Lets the other ranks go, at the latest when it goes itself.
class Dismissal {
 public:
  explicit Dismissal(Prepared& it) : it_(it) {}
  ~Dismissal();
  Dismissal(const Dismissal&) = delete;
  Dismissal& operator=(const Dismissal&) = delete;

 private:
  Prepared& it_;
};

}  // namespace fanin::program
