#include "examples/fanin/compare_progress.hpp"

#include <algorithm>
#include <cmath>

#include <fanin/compare/grid_tuning.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/terminal.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

// Columns of a finished run's line beside its names: "[100/200]  …  …  seed 10  88.12%  (12 min 59 s left)".
constexpr int beside_names = 49;
constexpr const char* own_rate = "  own rate";  // behind the seed

std::string name_of(const std::string& model, const std::string& scheme, std::uint64_t seed,
                    compare::RatePick rate) {
  return fmt::format("{} / {} / seed {}{}", model, scheme, seed,
                     rate == compare::RatePick::own ? " / own rate" : "");
}

/// Of a run that chooses a rate.
std::string name_of_trial(const std::string& model, const std::string& scheme, std::uint64_t seed,
                          double lr) {
  return fmt::format("{} / {} / lr {:.3g} / seed {}", model, scheme, lr, seed);
}

/// Whole runs, as far as is known before rates are chosen: those whose own rate is the common one are one.
std::map<std::string, double> work_by_model(const compare::Grid& grid) {
  const double tuning = grid.tune ? compare::tuning_work(grid) : 0;
  const auto reported = static_cast<double>(grid.seeds.size() * (grid.tune ? 2 : 1));
  std::map<std::string, double> work;
  for (const auto& subject : compare::subjects(grid))
    work[subject.name] = static_cast<double>(grid.schemes.size()) * (reported + tuning);
  return work;
}

/// Of a whole run, the mean of those that choose rates.
double mean_trial(const compare::Grid& grid) {
  return grid.tune ? compare::tuning_work(grid) / static_cast<double>(compare::tuning_runs(grid)) : 0;
}

std::string outcome(const compare::Run& run) {
  if (run.status == compare::Status::ok) return share_text(run.test_accuracy);
  return std::string(compare::statuses.name_of(run.status)) + ": " + run.message;
}

std::string shown(const std::string& name) { return in_locale(printable(name)); }

std::string fitted(const std::string& name, int width) {
  return text::pad_right(text::shorten(shown(name), width, in_locale("…")), width);
}

}  // namespace

ProgressLines::ProgressLines(const compare::Grid& grid, int jobs)
    : folder_(grid.directory), trial_(mean_trial(grid)), remaining_(work_by_model(grid), jobs) {
  for (const auto& subject : compare::subjects(grid))
    model_width_ = std::max(model_width_, text::text_width(shown(subject.name)));
  for (const auto& scheme : grid.schemes)
    scheme_width_ = std::max(scheme_width_, text::text_width(shown(scheme.label)));
  const int beside = beside_names + (grid.tune ? text::text_width(own_rate) : 0);
  const int room = std::max(24, note_width() - beside);
  model_width_ = std::min(model_width_, std::max(room / 2, room - scheme_width_));
  scheme_width_ = std::min(scheme_width_, room - model_width_);
}

double ProgressLines::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

std::optional<double> ProgressLines::left() {
  constexpr double often_enough = 0.1;  // seconds
  if (const double at = now(); !left_ || at - left_found_ >= often_enough) {
    left_found_ = at;
    if (total_ > 0) remaining_.left(total_ - done_);
    left_ = remaining_.seconds(at);
  }
  return left_;
}

compare::GridProgress ProgressLines::callbacks(std::function<void(const compare::Run&)> on_run,
                                               std::function<void(const compare::Run&)> on_tuning) {
  return {.on_run =
              [this, tell = std::move(on_run)](const compare::Run& run, int done, int total, bool reused) {
                done_ = done;
                total_ = total;
                const std::string name = name_of(run.model, run.scheme, run.seed, run.rate);
                remaining_.ended(name, run.model, now(), 1, reused ? 0 : run.seconds);
                under_way_.erase(name);
                if (reused) {
                  ++taken_;
                } else {
                  tell_taken();
                  const auto left = this->left();
                  note("[{:>{}}/{}] {}  {}  seed {}{}  {}{}\n", done, std::to_string(total).size(), total,
                       fitted(run.model, model_width_), fitted(run.scheme, scheme_width_), run.seed,
                       run.rate == compare::RatePick::own ? own_rate : "", printable(outcome(run)),
                       left && done < total ? "  (" + compare::duration_text(*left) + " left)" : "");
                }
                show_live();
                if (tell) tell(run);
              },
          .on_tuning =
              [this, tell = std::move(on_tuning)](const compare::Run& run, int done, int total, bool reused) {
                trials_done_ = done;
                trials_ = total;
                const std::string name = name_of_trial(run.model, run.scheme, run.seed, run.lr);
                remaining_.ended(name, run.model, now(), trial_, reused ? 0 : run.seconds);
                under_way_.erase(name);
                trials_taken_ += reused;
                if (done == total)
                  note("learning rates chosen by {}{}\n",
                       text::counted(static_cast<std::size_t>(total), "run"),
                       trials_taken_ > 0
                           ? fmt::format(", {} of them taken from {}/runs", trials_taken_, printable(folder_))
                           : "");
                show_live();
                if (tell) tell(run);
              },
          .on_step =
              [this](const compare::StepTaken& step) {
                const bool trial = step.tuning_share > 0;
                const std::string name = trial ? name_of_trial(step.model, step.scheme, step.seed, step.lr)
                                               : name_of(step.model, step.scheme, step.seed, step.rate);
                const double share = static_cast<double>(step.step + 1) / static_cast<double>(step.steps);
                remaining_.under_way(name, step.model, share, now(), trial ? step.tuning_share : 1);
                UnderWay& one = under_way_[name];
                const double epochs = share * step.epochs;
                one.name = name;
                one.epochs = step.epochs;
                one.epoch = std::clamp(static_cast<int>(std::ceil(epochs)), 1, step.epochs);
                one.share = epochs - (one.epoch - 1);
                show_live();
              },
          .on_notice = [](const std::string& notice) { note("{}\n", printable(notice)); }};
}

void ProgressLines::show_live() {
  const int width = live_width();
  if (width == 0 || (done_ == total_ && total_ > 0)) return;
  std::string line = total_ > 0    ? fmt::format("[{}/{}]", done_, total_)
                     : trials_ > 0 ? fmt::format("choosing rates {}/{},", trials_done_, trials_)
                                   : std::string();
  if (const auto left = this->left()) line += " " + compare::duration_text(*left) + " left";
  // as many of the runs under way as there is room for, one at least
  for (const auto& entry : under_way_) {
    const UnderWay& one = entry.second;
    const std::string more = fmt::format("{}{}: epoch {}/{}, {:.0f} %", line.empty() ? "" : "  ",
                                         printable(one.name), one.epoch, one.epochs, 100 * one.share);
    if (&entry != &*under_way_.begin() && text::text_width(line + more) > width) break;
    line += more;
  }
  if (line.empty()) line = "running…";
  live_line(line);
}

void ProgressLines::tell_taken() {
  if (taken_ == 0) return;
  note("{} taken from {}/runs\n", text::counted(static_cast<std::size_t>(taken_), "run"), printable(folder_));
  taken_ = 0;
}

void ProgressLines::end() { tell_taken(); }

}  // namespace fanin::program
