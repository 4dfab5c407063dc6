#include "examples/fanin/compare_flags.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fanin/core/cores.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

#include "examples/fanin/compare_start.hpp"
#include "examples/fanin/launch.hpp"
#include "examples/fanin/setting_flags.hpp"

namespace fanin::program {
namespace {

/// What a flag is set to, as on the command line.
struct Preset {
  const char* flag;
  const char* value;
};
/// Shown in four minutes on two cores: a net that learns from whatever is sane, and two deep ones of which
/// initialization decides whether they learn at all.
constexpr Preset usual[] = {{"--models", "lenet; plain_net(depth=20, width=64); vgg_small(width=8)"},
                            {"--schemes",
                             "default; zeros; normal(std=0.01); xavier_uniform; lecun_normal; "
                             "kaiming_normal; orthogonal; orthogonal(gain=1.41); lsuv"},
                            {"--data", "fashion-mnist(per_class=1000)"},
                            {"--seeds", "3"},
                            {"--epochs", "3"},
                            {"--schedule", "cosine"}};
/// Shown in 20 seconds.
constexpr Preset quick[] = {{"--models", "mlp(hidden=64-64); plain_net(depth=20, width=64)"},
                            {"--schemes", "default; zeros; xavier_uniform; kaiming_normal; orthogonal"},
                            {"--seeds", "3"},
                            {"--epochs", "1"}};

/// " --models mlp --seeds 3", as they would be typed.
template <std::size_t n>
std::string flags_text(const Preset (&presets)[n]) {
  std::string text;
  for (const Preset& one : presets) text += fmt::format(" {} {}", one.flag, shell_word(one.value));
  return text;
}

/// The ranks of a machine share its cores, unless their launcher gave each some of its own.
int cores_of_this_rank() {
  const int cores = cores_at_hand();
  const bool bound = cores < static_cast<int>(::sysconf(_SC_NPROCESSORS_CONF));
  return ranks() == nullptr || bound ? cores : std::max(1, cores / ranks()->node_size);
}

/// The scheme that the others are compared with: the one asked for, else the grid's own choice.
std::string baseline_of(const compare::Grid& grid, const std::string& asked) {
  if (asked.empty()) return compare::baseline_of(grid);
  std::vector<std::string> labels;
  for (const auto& scheme : grid.schemes) labels.push_back(scheme.label);
  if (std::find(labels.begin(), labels.end(), asked) == labels.end())
    fail_usage("--baseline: no scheme is called '{}'{}", asked, suggest(asked, labels));
  return asked;
}

/// `10, 100, all` as numbers, 0 for all.
std::vector<Index> label_budgets(const std::string& text) {
  std::vector<Index> budgets;
  for (const auto& piece : split_list(text, ",;")) {
    Index number = 0;
    const auto [end, status] = std::from_chars(piece.data(), piece.data() + piece.size(), number);
    const bool whole = status == std::errc() && end == piece.data() + piece.size();
    if (piece != "all" && (!whole || number < 1))
      fail_usage("--labels-per-class: '{}' must be a whole number from 1, or all", piece);
    budgets.push_back(piece == "all" ? 0 : number);
  }
  if (budgets.empty()) fail_usage("--labels-per-class is empty; write numbers as 10, 100, all");
  return budgets;
}

}  // namespace

compare::Grid grid_of(const CompareFlags& flags) {
  if (flags.seeds < 1 || flags.seeds > 10'000)
    fail_usage("--seeds must be between 1 and 10000, got {}", flags.seeds);
  if (flags.jobs < 0 || flags.jobs > 256) fail_usage("--jobs must be between 1 and 256, got {}", flags.jobs);
  compare::Grid grid;
  grid.models = split_list(flags.models, ";,");
  if (grid.models.empty()) fail_usage("--models is empty; see fanin models");
  grid.schemes = compare::parse_schemes(flags.schemes);
  for (compare::Scheme& scheme : grid.schemes) scheme.content = content_of(scheme);
  if (grid.schemes.empty()) fail_usage("--schemes is empty; see fanin inits");
  if (flags.first_seed > UINT64_MAX - static_cast<std::uint64_t>(flags.seeds - 1))
    fail_usage("--first-seed {} leaves no room for {} seeds below 2^64", flags.first_seed, flags.seeds);
  for (int i = 0; i < flags.seeds; ++i)
    grid.seeds.push_back(flags.first_seed + static_cast<std::uint64_t>(i));
  grid.training = flags.training.options();
  if (const double threshold = grid.training.threshold; !(threshold >= 0 && threshold <= 1))
    fail_usage("--threshold must be in [0, 1], got {}", threshold);
  // Paired runs should not differ by how much a last batch of a few samples happens to move the weights.
  if (!grid.training.last_batch) grid.training.last_batch = data::LastBatch::spread;
  grid.jobs = flags.jobs > 0 ? flags.jobs : cores_of_this_rank();
  grid.directory = flags.out;
  flags.axes.apply(grid);
  grid.baseline = baseline_of(grid, flags.baseline);
  grid.labels_per_class = label_budgets(flags.labels);
  grid.least_steps = flags.steps;
  if (flags.steps < 0 || flags.steps > 100'000'000)
    fail_usage("--steps must be between 0 and 100000000, got {}", flags.steps);
  return grid;
}

CLI::App* add_compare_flags(CLI::App& app, CompareFlags& flags) {
  CLI::App* command =
      app.add_subcommand("compare", "Train models under several initializers and show which one wins");
  command->footer(
      "Every seed gives every scheme the same batches, so that differences are the initializer's. Finished "
      "runs are kept in\n"
      "DIR/runs: the same command after an interruption goes on where it stopped.\n\n"
      "Examples:\n"
      "  fanin compare\n"
      "  fanin compare --quick\n"
      "  fanin compare --models \"lenet; mlp(hidden=64)\" --schemes \"default; xavier_uniform; "
      "kaiming_normal\" --seeds 5\n"
      "  fanin compare --models lenet --schemes \"default; mine={conv*=orthogonal; fc*=kaiming_normal; "
      "*.bias=zeros}\"\n"
      "  fanin compare --models \"plain_net(depth=10)\" --schemes \"orthogonal(gain={1, 1.2, 1.41, 2}); "
      "normal(std={0.01, 0.1})\"\n"
      "  fanin compare --data \"synthetic(count=2000)\" --epochs 2 --out out/quick\n"
      "  fanin compare --models lenet --data \"fashion-mnist(only=5..9)\" --labels-per-class \"10, 100\" "
      "--steps 300 \\\n"
      "                --schemes \"default; orthogonal; warm(lenet.safetensors, lr_body=0.1)\"   a warm "
      "start beside random ones\n"
      "  fanin compare --again out/compare/results.json     are these the bits that this machine gives?");
  command->add_option("--models,--model", flags.models, "model texts, separated by ';'");
  command->add_option(
      "--schemes,--init", flags.schemes,
      "initializers, separated by ';'; a plan with rules goes in braces: name={…}; warm(FILE, "
      "…) starts from saved weights; orthogonal(gain={1, 1.41}) is two schemes");
  command->add_option(
      "--baseline", flags.baseline,
      "the scheme, by its label, that the others are compared with; without it default, or the "
      "first where there is no default");
  command
      ->add_option("--labels-per-class", flags.labels,
                   "train on so many samples of each class: \"10, 100, all\"")
      ->capture_default_str();
  command
      ->add_option("--steps", flags.steps,
                   "walk a small training set until a run has so many steps; 0: --epochs alone")
      ->capture_default_str();
  command->add_option("--seeds", flags.seeds, "how many seeds");
  command->add_option("--first-seed", flags.first_seed, "the first of them")
      ->capture_default_str()
      ->check(seed_number());
  command->add_option("--jobs", flags.jobs, "runs at a time, one thread each; default: the number of cores");
  command->add_option("--out,--output", flags.out, "folder for report.html, results.csv, results.json")
      ->capture_default_str();
  auto* format =
      command
          ->add_option("--format", flags.format, "of the table on stdout: text, markdown, latex, csv, json")
          ->capture_default_str();
  command->add_flag("--json", flags.json, "as --format json: results.json on stdout in place of the table")
      ->excludes(format);
  command->add_option(
      "--log", flags.log,
      "a JSON object for each step and epoch of every run as it happens, for other programs; runs "
      "taken from before are not in it");
  command->add_flag("--live", flags.live,
                    "write report.html from the first finished run on; the page renews itself");
  command->add_flag("--quick", flags.quick, "a first look, in 20 s:" + flags_text(quick));
  command->add_option("--again", flags.again,
                      "make the comparison of this results.json anew, in a folder of its own, and say run by "
                      "run whether the bits are the same");
  command->add_flag("--trust-plan", flags.trust_plan,
                    "with --again: weight files that results.json names may be opened");
  flags.training.values.threshold = 0.8;
  add_setting_flags(*command, flags.training.values, train::Topic::comparison);
  flags.training.add_to(*command);
  flags.axes.add_to(*command);
  for (const Preset& one : usual)
    command->get_option(one.flag)->run_callback_for_default()->default_val(std::string(one.value));
  return command;
}

void apply_quick(CLI::App& command, const CompareFlags& flags) {
  if (!flags.quick) return;
  for (const Preset& one : quick) {
    CLI::Option* option = command.get_option(one.flag);
    if (option->count() == 0) option->run_callback_for_default()->default_val(std::string(one.value));
  }
}

}  // namespace fanin::program
