#include "examples/fanin/compare_start.hpp"

#include <fmt/core.h>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/warm_start.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/weight_files.hpp"

namespace fanin::program {

void SchemeNotes::tell(const std::string& scheme, const std::vector<std::string>& notes) {
  for (const auto& one : notes) tell_once(fmt::format("{}: {}", scheme, one));
}

void SchemeNotes::tell_once(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!told_.insert(line).second) return;
  if (somebody_) return somebody_(line);
  note("note: {}\n", printable(line));
}

void SchemeNotes::send_to(std::function<void(const std::string& line)> somebody) {
  somebody_ = std::move(somebody);
}

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

std::vector<std::string> files_of(const compare::Scheme& scheme) {
  if (const auto* warm = scheme.start.warm()) return {warm->file};
  return files_of(*scheme.start.plan());
}

std::string content_of(const compare::Scheme& scheme) { return checksums(files_of(scheme)); }

void require_startable(const compare::Grid& grid) {
  for (const auto& text : grid.models) {
    const auto model = grid.build(text);
    if (grid.training.sync_batch_norm && !train::has_batch_norm(*model))
      fail_usage("--sync-batch-norm: '{}' has no batch normalization; leave it out, or compare it by itself",
                 text);
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

}  // namespace fanin::program
