#include <fmt/core.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <thread>

#include "examples/commands/command.hpp"
#include "framework/core/error.hpp"
#include "framework/io/crc32.hpp"
#include "framework/io/mapped_file.hpp"
#include "framework/lab/grid.hpp"
#include "framework/lab/outputs.hpp"
#include "framework/lab/results_json.hpp"
#include "framework/lab/summary.hpp"
#include "framework/lab/summary_table.hpp"
#include "framework/nn/initialize.hpp"
#include "framework/train/warm.hpp"

namespace fanin::program {
namespace {

constexpr const char* usual_schemes =
    "default; zeros; constant(0.05); uniform(-0.05, 0.05); normal(std=0.01); normal(std=1); xavier_uniform; "
    "xavier_normal; "
    "kaiming_uniform; kaiming_normal; orthogonal";

struct CompareFlags {
  TrainingFlags training;
  std::string models = "lenet; mlp";
  std::string schemes = usual_schemes;
  std::string labels = "all";
  Index steps = 0;
  int seeds = 3;
  std::uint64_t first_seed = 0;
  int jobs = 0;
  double threshold = 0.8;
  std::string out = "out/compare";
  bool json = false;
};

/// `scheme`, `{plan with; rules}` or `label={plan with; rules}`.
lab::Scheme scheme_of(const std::string& text) {
  const auto brace = text.find('{');
  if (brace == std::string::npos) return {text, text};
  if (text.back() != '}') fail_usage("--schemes: '{}' opens a brace that it does not close", text);
  const std::string plan = text.substr(brace + 1, text.size() - brace - 2);
  if (brace == 0) return {plan, plan};
  if (text[brace - 1] != '=' || brace == 1)
    fail_usage("--schemes: '{}' is not a scheme, {{plan}} or label={{plan}}", text);
  return {text.substr(0, brace - 1), plan};
}

/// The model's weights by a scheme: drawn by a plan, or loaded by `warm(FILE, …)`.
/// Schemes that are fitted to data see what the run trains on and nothing else.
std::string draw(nn::Module& model, const lab::Scheme& scheme, std::uint64_t seed, const Dataset& training) {
  if (train::Warm::is_warm(scheme.plan)) {
    train::Warm::parse(scheme.plan).start(model, seed);
    return scheme.plan;
  }
  Generator generator(seed);
  const Batch batch = initial_batch(training);
  std::string plan;
  for (const auto& one : nn::initialize(model, scheme.plan, generator, batch.images, batch.labels)) {
    plan += (plan.empty() ? "" : "; ") + one.name + "=" + one.scheme;
  }
  return plan;
}

/// The checksum of a weight file, so that runs kept from an older one are not taken for those of this one.
std::string checksum(const std::string& path) {
  const auto file = MappedFile::open(path);
  return fmt::format(" {:08x}", crc32_of(0, file->bytes().data(), file->bytes().size()));
}

/// The checksums of the files that a plan selects weights from.
std::string selected_content(const init::Plan& plan) {
  std::string content;
  for (const auto& rule : plan.rules()) {
    if (!rule.init || rule.init->name() != "weight_selection") continue;
    const std::string& file = rule.init->word("file");
    if (!file.empty()) content += checksum(file);
  }
  return content;
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

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  localtime_r(&now, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

lab::Grid grid_of(const CompareFlags& flags) {
  if (flags.seeds < 1 || flags.seeds > 10'000)
    fail_usage("--seeds must be between 1 and 10000, got {}", flags.seeds);
  if (flags.jobs < 0 || flags.jobs > 256) fail_usage("--jobs must be between 1 and 256, got {}", flags.jobs);
  if (!(flags.threshold >= 0 && flags.threshold <= 1))
    fail_usage("--threshold must be in [0, 1], got {}", flags.threshold);
  lab::Grid grid;
  grid.models = split_list(flags.models, ";,");
  if (grid.models.empty()) fail_usage("--models is empty; see fanin models");
  for (const auto& text : split_list(flags.schemes, ";")) {
    lab::Scheme& scheme = grid.schemes.emplace_back(scheme_of(text));
    if (train::Warm::is_warm(scheme.plan))
      scheme.content = checksum(train::Warm::parse(scheme.plan).file);
    else
      scheme.content = selected_content(init::Plan::parse(scheme.plan));
  }
  if (grid.schemes.empty()) fail_usage("--schemes is empty; see fanin inits");
  for (int i = 0; i < flags.seeds; ++i)
    grid.seeds.push_back(flags.first_seed + static_cast<std::uint64_t>(i));
  grid.training = flags.training.options();
  grid.training.threshold = flags.threshold;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  grid.jobs = flags.jobs > 0 ? flags.jobs : std::max(1, cores);
  grid.directory = flags.out;
  grid.labels_per_class = label_budgets(flags.labels);
  grid.least_steps = flags.steps;
  if (flags.steps < 0 || flags.steps > 100'000'000)
    fail_usage("--steps must be between 0 and 100000000, got {}", flags.steps);
  grid.adjust = [](nn::Module& model, const lab::Scheme& scheme, train::TrainOptions& options) {
    if (train::Warm::is_warm(scheme.plan)) options.finetune = train::Warm::parse(scheme.plan).tuning(model);
  };
  return grid;
}

lab::Settings settings_of(const lab::Grid& grid, const Splits& data) {
  lab::Settings settings{.subjects = lab::subjects(grid),
                         .seeds = grid.seeds,
                         .data = data.train.name,
                         .epochs = grid.training.epochs,
                         .batch = grid.training.batch,
                         .learning_rate = grid.training.optimizer.lr,
                         .threshold = grid.training.threshold,
                         .classes = data.train.classes,
                         .date = today()};
  for (const auto& one : settings.subjects) settings.models.push_back(one.name);
  for (const auto& scheme : grid.schemes) {
    settings.schemes.push_back(scheme.label);
    if (scheme.plan == "default" && settings.default_scheme.empty()) settings.default_scheme = scheme.label;
  }
  const auto& o = grid.training.optimizer;
  settings.extra = {{"optimizer", optim::rule_name(o.rule)},
                    {"momentum", fmt::format("{}", o.momentum)},
                    {"weight_decay", fmt::format("{}", o.weight_decay)},
                    {"schedule", grid.training.schedule.to_string()},
                    {"training images", std::to_string(data.train.count)},
                    {"test images", std::to_string(data.test.count)}};
  if (grid.least_steps > 0) settings.extra.emplace_back("steps at least", std::to_string(grid.least_steps));
  if (grid.training.augment.augments())
    settings.extra.emplace_back("augment", grid.training.augment.to_string());
  return settings;
}

/// Live progress: a line a finished run, and on a terminal a line below it that counts.
lab::GridProgress progress_lines() {
  const auto started = std::chrono::steady_clock::now();
  const bool live = isatty(STDERR_FILENO) != 0;
  return {.on_run =
              [=](const lab::Run& run, int done, int total, bool reused) {
                const double seconds =
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
                const std::string what = run.status == "ok" ? percent(run.test_accuracy)
                                         : run.status == "diverged"
                                             ? fmt::format("diverged at step {}", run.diverged_step)
                                             : run.status + ": " + run.message;
                fmt::print(stderr, "{}[{:>3}/{}] {:<24} {:<26} seed {}  {}{}  ({:.0f} s)\n",
                           live ? "\r\033[K" : "", done, total, run.model, run.scheme, run.seed, what,
                           reused ? "  (kept from before)" : "", seconds);
                if (live && done < total) fmt::print(stderr, "running…");
              },
          .on_epoch =
              [=](const std::string& model, const std::string& scheme, std::uint64_t seed,
                  const train::EpochRecord& e) {
                if (live) {
                  fmt::print(stderr, "\r\033[K{} / {} / seed {}: epoch {}, {}", model, scheme, seed, e.epoch,
                             percent(e.test_accuracy));
                  std::fflush(stderr);
                }
              }};
}

/// Every text is tried on every model before the first run: a typo in the last scheme must not cost the hours
/// before it. No weights are drawn for it.
void require_startable(const lab::Grid& grid) {
  for (const auto& text : grid.models) {
    const auto model = grid.build(text);
    for (const auto& scheme : grid.schemes) {
      if (train::Warm::is_warm(scheme.plan)) {
        const auto trial = grid.build(text);
        const auto warm = train::Warm::parse(scheme.plan);
        warm.start(*trial, 0);
        const train::FineTuning check(*trial, warm.tuning(*trial));
      } else {
        nn::require_initializable(*model, init::Plan::parse(scheme.plan), true);
      }
    }
  }
}

void run(const CompareFlags& flags) {
  lab::Grid grid = grid_of(flags);
  const Splits data = load_splits(flags.training.data);
  grid.build = [input = input_of(data.train)](const std::string& text) { return models::build(text, input); };
  grid.initialize = draw;
  require_startable(grid);
  watch_interrupts();
  for (const Index labels : grid.labels_per_class) {
    if (labels > 0) static_cast<void>(data.train.take_per_class(labels, 0));
  }
  fmt::print(stderr, "{} runs: {} models × {} schemes × {} seeds, {} epochs each on {}, {} at a time\n",
             lab::subjects(grid).size() * grid.schemes.size() * grid.seeds.size(), lab::subjects(grid).size(),
             grid.schemes.size(), grid.seeds.size(), grid.training.epochs, data.train.name, grid.jobs);
  const auto runs = lab::run_grid(grid, data.train, data.test, progress_lines(), interrupted());
  if (runs.empty()) fail("interrupted before the first run was finished; nothing to report");

  lab::Comparison comparison{.settings = settings_of(grid, data), .runs = runs};
  comparison.summary = lab::summarize(comparison.settings, comparison.runs);
  lab::write_outputs(comparison, flags.out);
  if (flags.json)
    fmt::print("{}\n", lab::comparison_json(comparison));
  else
    fmt::print("\n{}", lab::summary_table(comparison));
  fmt::print(stderr, "\nwrote {0}/report.html, {0}/results.csv and {0}/results.json\n", flags.out);
  if (interrupted())
    fail("interrupted: the report covers the {} finished runs; the same command goes on from here",
         runs.size());
}

}  // namespace

void add_compare(CLI::App& app) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command =
      app.add_subcommand("compare", "Train models under several initializers and show which one wins");
  command->footer(
      "Every seed gives every scheme the same batches, so that differences are the initializer's. Finished "
      "runs are kept in\n"
      "DIR/runs: the same command after an interruption goes on where it stopped.\n\n"
      "Examples:\n"
      "  fanin compare\n"
      "  fanin compare --models \"lenet; mlp(hidden=64)\" --schemes \"default; xavier_uniform; "
      "kaiming_normal\" --seeds 5\n"
      "  fanin compare --models lenet --schemes \"default; mine={conv*=orthogonal; fc*=kaiming_normal; "
      "*.bias=zeros}\"\n"
      "  fanin compare --data \"synthetic(count=2000)\" --epochs 2 --out out/quick\n"
      "  fanin compare --models lenet --data \"fashion-mnist(only=5..9)\" --labels-per-class \"10, 100\" "
      "--steps 300 \\\n"
      "                --schemes \"default; orthogonal; warm(lenet.safetensors, lr_body=0.1)\"   a warm "
      "start beside random ones");
  command->add_option("--models", flags->models, "model texts, separated by ';'")->capture_default_str();
  command
      ->add_option("--schemes", flags->schemes,
                   "initializers, separated by ';'; a plan with rules goes in braces: name={…}; warm(FILE, "
                   "…) starts from saved weights")
      ->capture_default_str();
  command
      ->add_option("--labels-per-class", flags->labels,
                   "train on so many samples of each class: \"10, 100, all\"")
      ->capture_default_str();
  command
      ->add_option("--steps", flags->steps,
                   "walk a small training set until a run has so many steps; 0: --epochs alone")
      ->capture_default_str();
  command->add_option("--seeds", flags->seeds, "how many seeds")->capture_default_str();
  command->add_option("--first-seed", flags->first_seed, "the first of them")
      ->capture_default_str()
      ->check(seed_number());
  command->add_option("--jobs", flags->jobs, "runs at a time, one thread each; default: the number of cores");
  command->add_option("--threshold", flags->threshold, "report the steps to reach this test accuracy")
      ->capture_default_str();
  command->add_option("--out", flags->out, "folder for report.html, results.csv, results.json")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "print results.json on stdout in place of the table");
  flags->training.add_to(*command);
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
