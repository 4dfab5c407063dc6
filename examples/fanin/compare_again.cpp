#include "examples/fanin/compare_again.hpp"

#include <algorithm>
#include <filesystem>

#include <fanin/compare/outputs.hpp>
#include <fanin/compare/same_bits.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>

#include "examples/fanin/compare_run.hpp"
#include "examples/fanin/launch.hpp"

namespace fanin::program {
namespace {

namespace fs = std::filesystem;

/// Whether loading the set opens nothing that the text chooses.
bool opens_no_path(const std::string& data) {
  const std::string name = CallExpression::parse(data).name;
  return name == "synthetic" || datasets::is_bare_dataset(name);
}

/// What a results file says it was made by. What would open a path that the file names is refused unless
/// `given`, the user's own flags, say so.
struct Recorded {
  CompareFlags flags;
  CLI::App app{"", "fanin"};  // which the flags ask whether they were given
  CommandLine line;
  Recorded(const compare::Comparison& then, const CompareFlags& given, const CLI::Option& given_data) {
    const std::vector<std::string>& words = then.provenance.command;
    if (words.size() < 2 || words[1] != "compare")
      fail("{}: it does not say by which command it was made, so it cannot be made again", given.again);
    CLI::App* command = add_compare_flags(app, flags);
    // Where output goes, and how, is for the user alone to say.
    line = command_line(*command, words);
    try {
      app.parse(std::vector<std::string>(line.reproduce.rbegin(), line.reproduce.rend() - 1));
    } catch (const CLI::Error& error) {
      fail("{}: this version does not take the command that made it, {}: {}", given.again,
           train::shell_line(words), error.what());
    }
    apply_quick(*command, flags);
    if (given_data.count() > 0) {
      flags.training.data = given.training.data;
    } else if (!opens_no_path(flags.training.data)) {
      fail_usage("{} names the data '{}'; what a file names is not opened unless you say so: --data {}",
                 given.again, flags.training.data, shell_word(flags.training.data));
    }
    if (!given.trust_plan) {
      for (const compare::Scheme& scheme : compare::parse_schemes(flags.schemes)) {
        if (const auto files = files_of(scheme); !files.empty())
          fail_usage("{} names the weight file '{}'; to open what it names, say --trust-plan", given.again,
                     files.front());
      }
    }
    flags.jobs = given.jobs;
    flags.live = given.live;
    flags.log = given.log;
  }
};

/// The user's own flags that go with --again; all else is for the file to say.
void require_own_flags(const CLI::App& command) {
  static const std::vector<std::string> own = {"--again", "--out", "--jobs",       "--data",
                                               "--live",  "--log", "--trust-plan", "--quiet"};
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() > 0 && std::find(own.begin(), own.end(), name) == own.end())
      fail_usage("{} does not go with --again, which takes all settings from its file", name);
  }
}

/// A folder that holds nothing yet: what was kept there would be taken for a run made again.
std::string new_folder(const std::string& folder) {
  std::error_code none;
  if (fs::exists(folder, none) && !fs::is_empty(folder, none))
    fail_usage("--again runs anew, in a new folder, and '{}' is not empty; give another by --out", folder);
  return folder;
}

std::string what_became(const compare::RunAgain& run) {
  if (!run.made) return "not made again";
  if (run.same()) return "the same bits";
  std::string text = "differs in";
  for (const auto& field : run.differing) text += (&field == &run.differing.front() ? " " : ", ") + field;
  return text;
}

}  // namespace

void run_again(const CompareFlags& given, const CLI::App& command) {
  require_own_flags(command);
  const compare::Comparison then = compare::read_results(given.again);
  Recorded recorded(then, given, *command.get_option("--data"));
  in_step([&] {
    const std::string out = command.get_option("--out")->count() > 0 ? given.out : "out/again";
    recorded.flags.out = is_first() ? new_folder(out) : out;
  });
  note("{}", text::command_lines("again: " + train::shell_line(recorded.line.reproduce), note_width()));
  const auto it = prepare(recorded.flags, recorded.line);
  for (const auto& one : compare::changed_conditions(then, it->comparison))
    note("note: {}\n", printable(one));
  if (served(*it, recorded.flags)) return;
  const Dismissal dismissal(*it);
  make_runs(*it, recorded.flags);
  compare::write_outputs(it->comparison, recorded.flags.out);
  it->grid.training.log.require_whole();

  const auto runs = compare::runs_again(then, it->comparison);
  text::TextTable table({{"run"}, {"again"}});
  for (const auto& one : runs) table.add({printable(one.run), what_became(one)});
  say("{}", table.to_string(output_width()));
  const auto different = static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const auto& one) { return !one.same(); }));
  if (different > 0)
    fail("{} of {} differ from those in {}", different, text::counted(runs.size(), "run"), given.again);
  if (runs.empty()) fail("{}: there is no run in it to make again", given.again);
  say("\n{}: all bits are the same (times aside)\n", text::counted(runs.size(), "run"));
}

}  // namespace fanin::program
