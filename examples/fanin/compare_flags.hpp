#pragma once
#include <memory>
#include <string>

#include <fanin/compare/grid.hpp>
#include <fanin/core/named_values.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/grid_axes.hpp"

namespace fanin::program {

/// How the table is said on stdout.
enum class Format { text, markdown, latex, csv, json };
constexpr auto formats = named_values<Format>("format", {{Format::text, "text"},
                                                         {Format::markdown, "markdown"},
                                                         {Format::latex, "latex"},
                                                         {Format::csv, "csv"},
                                                         {Format::json, "json"}});

/// What `fanin compare` is told on its command line.
struct CompareFlags {
  TrainingFlags training;
  GridAxes axes;
  std::string models, schemes, baseline;
  std::string labels = "all";
  Index steps = 0;
  int seeds = 0;
  std::uint64_t first_seed = 0;
  int jobs = 0;
  std::string out = "out/compare";
  std::string format = "text";
  std::string log;    ///< file for a JSON object a step and epoch
  std::string again;  ///< results.json of an earlier comparison
  bool quick = false, live = false, json = false, trust_plan = false;
};

/// Offers them as the command `compare`; they must outlive it.
CLI::App* add_compare_flags(CLI::App& app, CompareFlags& flags);
/// Once parsed: --quick sets what no flag has set.
void apply_quick(CLI::App& command, const CompareFlags& flags);

/// The grid they describe, still without what needs the data. Error (usage) for a value out of range.
compare::Grid grid_of(const CompareFlags& flags);

}  // namespace fanin::program
