#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include <fanin/compare/guessing.hpp>
#include <fanin/compare/outputs.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/summary_values.hpp>
#include <fanin/compare/window_table.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/wrap.hpp>
#include <fanin/train/provenance.hpp>

#include "examples/fanin/compare_again.hpp"
#include "examples/fanin/compare_run.hpp"

namespace fanin::program {
namespace {

void show(const compare::Comparison& comparison, Format format) {
  switch (format) {
    case Format::json:
      return say("{}\n", compare::comparison_json(comparison));
    case Format::text:
      return say("\n{}{}{}", compare::summary_table(comparison, output_width()),
                 comparison.windows.empty() ? "" : "\n", compare::window_table(comparison, output_width()));
    case Format::markdown:
      return say("{}", compare::table_markdown(compare::summary_values(comparison)));
    case Format::latex:
      return say("{}", compare::table_latex(compare::summary_values(comparison)));
    case Format::csv:
      return say("{}", compare::table_csv(compare::summary_values(comparison)));
  }
}

void require_finished(const Prepared& it) {
  using text::counted;
  const auto& runs = it.comparison.runs;
  if (interrupted())
    fail("interrupted: the report covers the {}; the same command goes on from here",
         counted(runs.size(), "finished run"));
  const auto ended = [&](compare::Status status) {
    return std::count_if(runs.begin(), runs.end(),
                         [&](const compare::Run& run) { return run.status == status; });
  };
  if (ended(compare::Status::ok) == 0) {
    fail("there is nothing to compare: of {} {} diverged and {} failed, the first with: {}",
         counted(runs.size(), "run"), ended(compare::Status::diverged), ended(compare::Status::failed),
         runs.front().message);
  }
}

void point_to_probe(const Prepared& it) {
  const auto& runs = it.comparison.runs;
  const auto guessing = std::count_if(runs.begin(), runs.end(), [&](const compare::Run& run) {
    return run.status == compare::Status::ok &&
           compare::no_better_than_guessing(run.test_accuracy, it.data.test);
  });
  if (guessing == 0) return;
  note(
      "{} cannot be told from guessing ({}): fanin probe, with the same --models, --schemes and --data, tells why in seconds\n",
      text::counted(static_cast<std::size_t>(guessing), "run"),
      share_text(compare::guessing_accuracy(it.data.test)));
}

void run(const CompareFlags& flags, const CommandLine& line) {
  const Format format = flags.json ? Format::json : formats.named(flags.format);
  const auto it = prepare(flags, line);
  if (served(*it, flags)) return;
  const Dismissal dismissal(*it);
  make_runs(*it, flags);
  // What can still be shown is shown before a full disk ends it.
  show(it->comparison, format);
  flush_output();
  compare::write_outputs(it->comparison, flags.out);
  note("\nwrote {0}/report.html, {0}/results.csv and {0}/results.json\n{1}", flags.out,
       text::command_lines("reproduce with: " + train::shell_line(line.reproduce), note_width()));
  require_finished(*it);
  it->grid.training.log.require_whole();
  point_to_probe(*it);
}

}  // namespace

void add_compare(CLI::App& app) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command = add_compare_flags(app, *flags);
  command->callback([flags, command] {
    apply_quick(*command, *flags);
    if (flags->again.empty())
      run(*flags, command_line(*command, own_words()));
    else
      run_again(*flags, *command);
  });
}

}  // namespace fanin::program
