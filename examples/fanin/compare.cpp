#include <fmt/core.h>
#include <libdeflate.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <mutex>
#include <set>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/guessing.hpp>
#include <fanin/compare/outputs.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/window_table.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/cores.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/mapped_file.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/weight_selection.hpp>
#include <fanin/train/warm_start.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/grid_axes.hpp"
#include "examples/fanin/setting_flags.hpp"

namespace fanin::program {
namespace {

constexpr const char* usual_schemes =
    "default; zeros; constant(0.05); uniform(-0.05, 0.05); normal(std=0.01); normal(std=1); xavier_uniform; "
    "xavier_normal; kaiming_uniform; kaiming_normal; orthogonal";

struct CompareFlags {
  TrainingFlags training;
  GridAxes axes;
  std::string models = "lenet; mlp";
  std::string schemes = usual_schemes;
  std::string labels = "all";
  Index steps = 0;
  int seeds = 3;
  std::uint64_t first_seed = 0;
  int jobs = 0;
  std::string out = "out/compare";
  bool json = false;
};

/// Says each note of a scheme once, whichever run meets it first.
class SchemeNotes {
 public:
  void tell(const std::string& scheme, const std::vector<std::string>& notes) {
    const std::lock_guard lock(mutex_);
    for (const auto& one : notes)
      if (const std::string line = scheme + ": " + one; told_.insert(line).second)
        note("note: {}\n", printable(line));
  }

 private:
  std::mutex mutex_;
  std::set<std::string> told_;
};

/// The model's weights by a scheme: drawn by a plan, or loaded by `warm(FILE, …)`.
/// Schemes that are fitted to data see what the run trains on and nothing else.
std::string draw(nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                 const data::Dataset& training, SchemeNotes& notes) {
  if (const auto* warm = scheme.start.warm()) {
    warm->start(model, seed);
    return scheme.start.text();
  }
  Generator generator(seed);
  const data::Batch batch = initial_batch(training);
  std::string plan;
  const auto drawn = start::initialize(model, *scheme.start.plan(), generator, batch.images, batch.labels);
  notes.tell(scheme.label, start::notes_of(drawn));
  for (const auto& one : drawn) {
    plan += (plan.empty() ? "" : "; ") + one.name + "=" + one.scheme;
  }
  return plan;
}

std::string checksum(const io::MappedFile& file) {
  return io::read_mapped(file, [&] {
    return fmt::format(" {:08x}", libdeflate_crc32(0, file.bytes().data(), file.bytes().size()));
  });
}

/// The checksums of a weight file and of all that its tensors lie in (shards, external data), so that runs
/// kept from older weights are not taken for those of these.
std::string checksum(const std::string& path) {
  std::string sums = checksum(*io::MappedFile::open(path));
  const io::TensorFile file = io::read_tensor_file(path);
  std::set<const io::MappedFile*> seen;
  for (const io::StoredTensor& tensor : file.tensors) {
    if (tensor.map && seen.insert(tensor.map).second) sums += checksum(*tensor.map);
    if (tensor.map) continue;  // else inflated, perhaps from a shard
    std::uint32_t sum = 0;
    tensor.read_pieces(tensor.dtype, [&](const std::byte* bytes, std::size_t size) {
      sum = libdeflate_crc32(sum, bytes, size);
    });
    sums += fmt::format(" {:08x}", sum);
  }
  return sums;
}

/// The checksums of the files that a plan selects weights from.
std::string selected_content(const init::Plan& plan) {
  std::string content;
  for (const auto& rule : plan.rules()) {
    const auto* selection = rule.init ? rule.init->options_if<start::WeightSelectionOptions>() : nullptr;
    if (selection && !selection->file.empty()) content += checksum(selection->file);
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

compare::Grid grid_of(const CompareFlags& flags) {
  if (flags.seeds < 1 || flags.seeds > 10'000)
    fail_usage("--seeds must be between 1 and 10000, got {}", flags.seeds);
  if (flags.jobs < 0 || flags.jobs > 256) fail_usage("--jobs must be between 1 and 256, got {}", flags.jobs);
  compare::Grid grid;
  grid.models = split_list(flags.models, ";,");
  if (grid.models.empty()) fail_usage("--models is empty; see fanin models");
  grid.schemes = compare::parse_schemes(flags.schemes);
  for (compare::Scheme& scheme : grid.schemes) {
    const auto* warm = scheme.start.warm();
    scheme.content = warm ? checksum(warm->file) : selected_content(*scheme.start.plan());
  }
  if (grid.schemes.empty()) fail_usage("--schemes is empty; see fanin inits");
  for (int i = 0; i < flags.seeds; ++i)
    grid.seeds.push_back(flags.first_seed + static_cast<std::uint64_t>(i));
  grid.training = flags.training.options();
  if (const double threshold = grid.training.threshold; !(threshold >= 0 && threshold <= 1))
    fail_usage("--threshold must be in [0, 1], got {}", threshold);
  // Paired runs should not differ by how much a last batch of a few samples happens to move the weights.
  if (!grid.training.last_batch) grid.training.last_batch = data::LastBatch::spread;
  grid.jobs = flags.jobs > 0 ? flags.jobs : cores_at_hand();
  grid.directory = flags.out;
  flags.axes.apply(grid);
  grid.labels_per_class = label_budgets(flags.labels);
  grid.least_steps = flags.steps;
  if (flags.steps < 0 || flags.steps > 100'000'000)
    fail_usage("--steps must be between 0 and 100000000, got {}", flags.steps);
  return grid;
}

compare::Settings settings_of(const compare::Grid& grid, const data::Sets& data) {
  compare::Settings settings{.subjects = compare::subjects(grid),
                             .seeds = grid.seeds,
                             .data = data.training.name,
                             .threshold = grid.training.threshold,
                             .classes = data.training.classes,
                             .date = today(),
                             .training = train::settings_of(grid.training)};
  for (const auto& one : settings.subjects) settings.models.push_back(one.name);
  for (const auto& scheme : grid.schemes) {
    settings.schemes.push_back(scheme.label);
    if (scheme.start.text() == "default" && settings.default_scheme.empty())
      settings.default_scheme = scheme.label;
  }
  std::erase_if(settings.training,
                [](const auto& one) { return one.first == "seed"; });  // each run has its own
  GridAxes::record(grid, settings);
  settings.training.emplace_back("least_steps", std::to_string(grid.least_steps));
  settings.extra = {{"training_images", std::to_string(data.training.count)},
                    {"test_images", std::to_string(data.test.count)}};
  for (const auto& one : data.notes()) settings.extra.emplace_back("data_note", one);
  return settings;
}

/// Live progress: a line a finished run, and on a terminal a line below it that counts.
compare::GridProgress progress_lines() {
  const auto started = std::chrono::steady_clock::now();
  const auto live = [](const std::string& line) {
    if (const int width = live_width()) live_line(text::shorten(printable(line), width));
  };
  return {.on_run =
              [=](const compare::Run& run, int done, int total, bool reused) {
                const double seconds =
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
                const std::string what =
                    run.status == compare::Status::ok
                        ? share_text(run.test_accuracy)
                        : std::string(compare::statuses.name_of(run.status)) + ": " + run.message;
                note("[{:>3}/{}] {:<24} {:<26} seed {}  {}{}  ({:.0f} s)\n", done, total,
                     printable(run.model), printable(run.scheme), run.seed, printable(what),
                     reused ? "  (kept from before)" : "", seconds);
                if (done < total) live("running…");
              },
          .on_tuning =
              [=](const compare::Run& run, int done, int total, bool) {
                live(fmt::format("tuning {}/{}: {} / {} / lr {:.3g}: {}", done, total, run.model, run.scheme,
                                 run.lr, share_text(run.validation_accuracy)));
              },
          .on_epoch =
              [=](const std::string& model, const std::string& scheme, std::uint64_t seed,
                  const train::EpochRecord& e) {
                live(fmt::format("{} / {} / seed {}: epoch {}, {}", model, scheme, seed, e.epoch,
                                 share_text(e.test_accuracy)));
              },
          .on_notice = [](const std::string& notice) { note("{}\n", printable(notice)); }};
}

/// Every text is tried on every model before the first run: a typo in the last scheme must not cost the hours
/// before it. No weights are drawn for it.
void require_startable(const compare::Grid& grid) {
  for (const auto& text : grid.models) {
    const auto model = grid.build(text);
    for (const auto& scheme : grid.schemes) {
      if (const auto* warm = scheme.start.warm()) {
        const auto trial = grid.build(text);
        warm->start(*trial, 0);
        const train::FineTuning check(*trial, warm->tuning(*trial));
      } else {
        start::require_initializable(*model, *scheme.start.plan(), true);
      }
    }
  }
}

void run(const CompareFlags& flags) {
  compare::Grid grid = grid_of(flags);
  io::require_writable_folder(flags.out);
  data::Sets data = load_data(flags.training.data);
  normalize(data, grid.training);
  grid.adjust = [channels = data.training.channels](nn::Module& model, const compare::Scheme& scheme,
                                                    train::TrainOptions& options) {
    const auto* warm = scheme.start.warm();
    if (!warm) return;
    options.finetune = warm->tuning(model);
    if (options.augment.normalization().empty()) options.augment.normalize(warm->normalization(channels));
  };
  grid.build = [input = input_of(data.training)](const std::string& text) {
    return models::build(text, input);
  };
  SchemeNotes notes;
  grid.initialize = [&notes](nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                             const data::Dataset& training) {
    return draw(model, scheme, seed, training, notes);
  };
  require_startable(grid);
  watch_interrupts();
  for (const Index labels : grid.labels_per_class) {
    const Index count = labels > 0 ? data.training.take_per_class(labels, 0).count : data.training.count;
    if (data::BatchCut(count, grid.training.batch, *grid.training.last_batch).batches() == 0) {
      fail_usage(
          "--last-batch drop leaves nothing of {} training images{} in batches of {}; use a smaller --batch, or keep or spread",
          count, labels > 0 ? fmt::format(" (--labels-per-class {})", labels) : "", grid.training.batch);
    }
  }
  using text::counted;
  const std::size_t budgets = grid.labels_per_class.size();
  note("{}: {}{} × {} × {}, {} each on {}, {} at a time; {}, lr {:.6g}; seeds from {}\n",
       counted(grid.models.size() * budgets * grid.schemes.size() * grid.seeds.size(), "run"),
       counted(grid.models.size(), "model"), budgets > 1 ? " × " + counted(budgets, "label budget") : "",
       counted(grid.schemes.size(), "scheme"), counted(grid.seeds.size(), "seed"),
       counted(static_cast<std::size_t>(grid.training.epochs), "epoch"), data.training.name, grid.jobs,
       grid.training.optimizer.rule.name, grid.training.optimizer.lr, grid.seeds.front());
  compare::GridResult found = compare::run_grid(grid, data, progress_lines(), interrupted());
  const auto& runs = found.runs;
  if (runs.empty()) fail("interrupted before the first run was finished; nothing to report");

  compare::Comparison comparison{.settings = settings_of(grid, data), .runs = runs};
  comparison.settings.extra.insert(comparison.settings.extra.end(), found.facts.begin(), found.facts.end());
  comparison.tuning = std::move(found.tuning);
  comparison.windows = std::move(found.windows);
  comparison.summary = compare::summarize(comparison.settings, comparison.runs);
  // What can still be shown is shown before a full disk ends it.
  if (flags.json)
    say("{}\n", compare::comparison_json(comparison));
  else
    say("\n{}{}{}", compare::summary_table(comparison), comparison.windows.empty() ? "" : "\n",
        compare::window_table(comparison));
  flush_output();
  compare::write_outputs(comparison, flags.out);
  note("\nwrote {0}/report.html, {0}/results.csv and {0}/results.json\n", flags.out);
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
  const auto guessing = std::count_if(runs.begin(), runs.end(), [&](const compare::Run& run) {
    return run.status == compare::Status::ok &&
           compare::no_better_than_guessing(run.test_accuracy, data.test);
  });
  if (guessing > 0) {
    note(
        "{} cannot be told from guessing ({}): fanin probe, with the same --models, --schemes and --data, tells why in seconds\n",
        counted(static_cast<std::size_t>(guessing), "run"),
        share_text(compare::guessing_accuracy(data.test)));
  }
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
      "  fanin compare --models \"plain_net(depth=10)\" --schemes \"orthogonal(gain={1, 1.2, 1.41, 2}); "
      "normal(std={0.01, 0.1})\"\n"
      "  fanin compare --data \"synthetic(count=2000)\" --epochs 2 --out out/quick\n"
      "  fanin compare --models lenet --data \"fashion-mnist(only=5..9)\" --labels-per-class \"10, 100\" "
      "--steps 300 \\\n"
      "                --schemes \"default; orthogonal; warm(lenet.safetensors, lr_body=0.1)\"   a warm "
      "start beside random ones");
  command->add_option("--models", flags->models, "model texts, separated by ';'")->capture_default_str();
  command
      ->add_option("--schemes", flags->schemes,
                   "initializers, separated by ';'; a plan with rules goes in braces: name={…}; warm(FILE, "
                   "…) starts from saved weights; orthogonal(gain={1, 1.41}) is two schemes")
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
  command->add_option("--out", flags->out, "folder for report.html, results.csv, results.json")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "print results.json on stdout in place of the table");
  flags->training.values.threshold = 0.8;
  add_setting_flags(*command, flags->training.values, train::Topic::comparison);
  flags->training.add_to(*command);
  flags->axes.add_to(*command);
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
