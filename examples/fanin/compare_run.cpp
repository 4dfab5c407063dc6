#include "examples/fanin/compare_run.hpp"

#include <fmt/ranges.h>

#include <ctime>

#include <nlohmann/json.hpp>

#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/train/settings.hpp>

#include "examples/fanin/checkpoint_flags.hpp"
#include "examples/fanin/compare_progress.hpp"
#include "examples/fanin/launch.hpp"
#include "examples/fanin/live_page.hpp"

namespace fanin::program {
namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  localtime_r(&now, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

/// What is validated on, and what for; empty where nothing is.
std::string validation_text(const compare::Grid& grid, const data::Sets& data) {
  std::vector<std::string> uses;
  if (grid.tune || grid.rates.size() > 1) uses.push_back("learning rates are compared");
  if (grid.training.threshold > 0)
    uses.push_back(fmt::format("steps to {} % counted", text::percent(grid.training.threshold, 0)));
  const data::Share share = compare::validation_share(grid, data);
  std::string images;
  if (data.has_validation())
    images = fmt::format("the data set's {} validation images", data.validation.count);
  else if (!share.none())
    images = fmt::format("{} of the {} training images, each class in proportion, --data-seed {}",
                         share.of(data.training.count), data.training.count, grid.training.data_seed);
  if (images.empty()) return {};
  return images + (uses.empty() ? "" : fmt::format("; on these {}", fmt::join(uses, " and ")));
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
  for (const auto& scheme : grid.schemes) settings.schemes.push_back(scheme.label);
  std::erase_if(settings.training,
                [](const auto& one) { return one.first == "seed"; });  // each run has its own
  for (auto& setting : settings.training)
    if (setting.first == "validation") setting.second = compare::validation_share(grid, data).to_string();
  GridAxes::record(grid, settings);
  settings.training.emplace_back("least_steps", std::to_string(grid.least_steps));
  settings.extra = {{"training_images", std::to_string(data.training.count)},
                    {"test_images", std::to_string(data.test.count)}};
  if (const std::string text = validation_text(grid, data); !text.empty())
    settings.extra.emplace_back("validation_images", text);
  for (const auto& one : data.notes()) settings.extra.emplace_back("data_note", one);
  return settings;
}

/// What the data sets, as they were read, and the weight files hold that a result rests on.
std::vector<train::DataSum> sums_of(const data::Sets& data, const compare::Grid& grid) {
  std::vector<train::DataSum> sums = train::sums_of(data);
  for (const compare::Scheme& scheme : grid.schemes) {
    if (!scheme.content.empty()) sums.push_back({scheme.label, "weights", 0, scheme.content});
  }
  return sums;
}

void require_batches(const Prepared& it) {
  const data::Dataset& training = it.data.training;
  for (const Index labels : it.grid.labels_per_class) {
    const Index count = labels > 0 ? training.take_per_class(labels, 0).count : training.count;
    if (data::BatchCut(count, it.grid.training.batch, *it.grid.training.last_batch).batches() == 0) {
      fail_usage(
          "--last-batch drop leaves nothing of {} training images{} in batches of {}; use a smaller --batch, or keep or spread",
          count, labels > 0 ? fmt::format(" (--labels-per-class {})", labels) : "", it.grid.training.batch);
    }
  }
}

/// One line about the grid that is to run.
void announce(const Prepared& it) {
  using text::counted;
  const compare::Grid& grid = it.grid;
  const std::size_t budgets = grid.labels_per_class.size();
  note("{}: {}{} × {} × {}, {} each on {}, {} at a time; {}, lr {:.6g}; seeds from {}\n",
       counted(compare::subjects(grid).size() * grid.schemes.size() * grid.seeds.size(), "run"),
       counted(grid.models.size(), "model"), budgets > 1 ? " × " + counted(budgets, "label budget") : "",
       counted(grid.schemes.size(), "scheme"), counted(grid.seeds.size(), "seed"),
       counted(static_cast<std::size_t>(grid.training.epochs), "epoch"), it.data.training.name, it.jobs,
       grid.training.optimizer.rule.name, grid.training.optimizer.lr, grid.seeds.front());
  if (grid.tune)
    note("as many again at each scheme's own learning rate, where that is another; {} choose it before\n",
         counted(compare::subjects(grid).size() * grid.schemes.size() * compare::tuning_runs(grid),
                 "shorter run"));
  if (const std::string text = validation_text(grid, it.data); !text.empty()) note("validation: {}\n", text);
}

/// What the data decides of a grid, and the comparison's frame.
void complete(Prepared& it, const CompareFlags& flags, const CommandLine& line) {
  compare::Grid& grid = it.grid;
  const data::Dataset& training = it.data.training;
  normalize(it.data, grid.training);
  grid.adjust = [channels = training.channels](nn::Module& model, const compare::Scheme& scheme,
                                               train::TrainOptions& options) {
    const auto* warm = scheme.start.warm();
    if (!warm) return;
    options.finetune = warm->tuning(model);
    if (options.augment.normalization().empty()) options.augment.normalize(warm->normalization(channels));
  };
  grid.build = [input = input_of(training)](const std::string& text) { return models::build(text, input); };
  grid.initialize = [&notes = it.notes](nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                                        const data::Dataset& images) {
    return draw(model, scheme, seed, images, notes);
  };
  require_startable(grid);
  require_batches(it);
  it.log_facts = {{"command", train::shell_line(line.reproduce)}};
  if (is_first()) grid.training.log = open_log(flags.log, false, it.log_facts);
  it.comparison.settings = settings_of(grid, it.data);
  it.comparison.settings.default_scheme = grid.baseline;
  it.comparison.provenance =
      train::provenance_here(line.all, line.reproduce, grid.jobs, sums_of(it.data, grid));
}

}  // namespace

std::unique_ptr<Prepared> prepare(const CompareFlags& flags, const CommandLine& line) {
  auto it = std::make_unique<Prepared>();
  in_step([&] {
    it->grid = grid_of(flags);
    if (is_first()) io::require_writable_folder(flags.out);
  });
  in_step([&] { it->data = load_data(flags.training.data); });
  in_step([&] { complete(*it, flags, line); });
  it->jobs = it->grid.jobs;
  if (ranks() == nullptr) return it;
  it->jobs = 0;
  for (const std::string& one : ranks()->gather(std::to_string(it->grid.jobs))) it->jobs += std::stoi(one);
  std::string sums;
  for (const train::DataSum& one : it->comparison.provenance.data)
    sums += fmt::format("{} ({}, {} images) {}\n", one.name, one.part, one.count, one.checksum);
  require_same("data set", sums);
  if (is_first()) {
    it->dealer = std::make_unique<compare::RunDealer>(
        *ranks(), it->grid.jobs,
        compare::RunDealer::Calls{
            .stop = interrupt,
            .note = [&notes = it->notes](const std::string& text) { notes.tell_once(text); },
            .log = [&grid = it->grid](const std::string& said) { grid.training.log.line(said); }});
    it->grid.hand_out = [&dealer = *it->dealer](const compare::Assignment& all) { dealer(all); };
  }
  return it;
}

bool served(Prepared& it, const CompareFlags& flags) {
  if (is_first()) return false;
  watch_interrupts();
  compare::RunServer server(*ranks(), it.grid, interrupted(), interrupt);
  if (!flags.log.empty())
    it.grid.training.log =
        train::JsonLog([&server](std::string_view line) { server.log(line); }, it.log_facts);
  it.notes.send_to([&server](const std::string& text) { server.note(text); });
  compare::serve_grid(it.grid, it.data,
                      [&](const auto& subjects, const data::Sets& sets) { server.serve(subjects, sets); });
  it.notes.send_to({});
  return true;
}

Dismissal::~Dismissal() {
  if (!it_.dealer) return;
  try {
    it_.dealer->dismiss();
    on_its_own();
  } catch (const std::exception& error) {  // whoever is gone needs no dismissal
    note("{}\n", error.what());
  }
}

void make_runs(Prepared& it, const CompareFlags& flags) {
  watch_interrupts();
  announce(it);
  ProgressLines progress(it.grid, it.jobs);
  LivePage page(it.comparison, flags.live ? flags.out : "");
  compare::GridResult found =
      compare::run_grid(it.grid, it.data,
                        progress.callbacks([&](const compare::Run& run) { page.add(run); },
                                           [&](const compare::Run& run) { page.add_tuning(run); }),
                        interrupted());
  progress.end();
  if (found.runs.empty()) fail("interrupted before the first run was finished; nothing to report");
  auto& extra = it.comparison.settings.extra;
  extra.insert(extra.end(), found.facts.begin(), found.facts.end());
  it.comparison.runs = std::move(found.runs);
  it.comparison.tuning = std::move(found.tuning);
  it.comparison.windows = std::move(found.windows);
  it.comparison.summary = compare::summarize(it.comparison.settings, it.comparison.runs);
}

}  // namespace fanin::program
