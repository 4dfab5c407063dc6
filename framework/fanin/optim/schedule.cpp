#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/core/error.hpp>
#include <fanin/core/registry.hpp>
#include <fanin/optim/schedule.hpp>

namespace fanin::optim {
namespace {

double half_cosine(double from, double to, double progress) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

double at_least(const Options& options, const char* key, double fallback, double least) {
  const double value = options.number(key, fallback);
  if (value < least) options.refuse(key, fmt::format("≥ {}", least));
  return value;
}

constexpr Index most = Index{1} << 40;

Registry<ScheduleText>& registry() {
  static Registry<ScheduleText> instance(
      "schedule", {{.name = "constant", .read = [](const Options&) { return Constant{}; }},
                   {.name = "step",
                    .options = {"every", "gamma"},
                    .read =
                        [](const Options& o) {
                          return StepDecay{.every = o.integer("every", 1, 1, most),
                                           .gamma = at_least(o, "gamma", 0.1, 0)};
                        }},
                   {.name = "cosine",
                    .options = {"floor"},
                    .read = [](const Options& o) { return Cosine{.floor = at_least(o, "floor", 0, 0)}; }},
                   {.name = "one_cycle", .options = {"peak", "start", "end"}, .read = [](const Options& o) {
                      const OneCycle cycle{.peak = at_least(o, "peak", 0.3, 0),
                                           .start = at_least(o, "start", 25, 1),
                                           .end = at_least(o, "end", 1e4, 1)};
                      if (cycle.peak > 1) o.refuse("peak", "in [0, 1]");
                      return cycle;
                    }}});
  return instance;
}

}  // namespace

double Place::progress() const {
  return std::min(1.0, static_cast<double>(step) / static_cast<double>(steps));
}

Schedule::Schedule() : Schedule(Constant{}) {}

Schedule::Schedule(const std::string& shape, Index warmup, Factor factor)
    : warmup_(warmup), factor_(std::move(factor)) {
  if (warmup < 0) fail_usage("schedule {}: warmup must be ≥ 0, got {}", shape, warmup);
  Expression text = Expression::parse(shape);
  if (warmup > 0) text.args.push_back({.key = "warmup", .text = std::to_string(warmup)});
  text_ = text.to_string();
}

std::vector<std::string> Schedule::names() { return registry().names(); }

Schedule Schedule::parse(const std::string& text) {
  const Expression call = Expression::parse(text);
  const ScheduleText& known = registry().at(call.name);
  std::vector<std::string> names = known.options;
  names.emplace_back("warmup");
  const Options options(call, "schedule", std::move(names));
  Schedule schedule = known.read(options);
  schedule.warmup_ = options.integer("warmup", 0, 0, most);
  schedule.text_ = call.to_string();
  return schedule;
}

double Schedule::factor(Index step, Index total, Index per_epoch) const {
  if (step < warmup_) return static_cast<double>(step + 1) / static_cast<double>(warmup_ + 1);
  return factor_({.step = step - warmup_,
                  .steps = std::max<Index>(1, total - warmup_),
                  .epoch = step / std::max<Index>(1, per_epoch)});
}

void register_schedule(ScheduleText schedule) {
  if (!schedule.read) fail("schedule {} has no function that reads it", in_quotes(schedule.name));
  registry().add(std::move(schedule));
}

double StepDecay::factor(const Place& place) const {
  return std::pow(gamma, static_cast<double>(place.epoch / every));
}
std::string StepDecay::to_string() const {
  return fmt::format("step(every={}, gamma={})", every, number_text(gamma));
}

double Cosine::factor(const Place& place) const { return half_cosine(1, floor, place.progress()); }
std::string Cosine::to_string() const { return fmt::format("cosine(floor={})", number_text(floor)); }

double OneCycle::factor(const Place& place) const {
  // As torch's OneCycleLR: the peak is step peak·length - 1, the end is the last step.
  const auto at = static_cast<double>(place.step), length = static_cast<double>(place.steps);
  const double last = length - 1, top = std::max(0.0, peak * length - 1);
  if (at < top) return half_cosine(1 / start, 1, at / top);
  return top < last ? half_cosine(1, 1 / end, std::min(1.0, (at - top) / (last - top))) : 1;
}
std::string OneCycle::to_string() const {
  return fmt::format("one_cycle(peak={}, start={}, end={})", number_text(peak), number_text(start),
                     number_text(end));
}

}  // namespace fanin::optim
