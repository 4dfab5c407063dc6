#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/core/registry.hpp>
#include <fanin/optim/schedule.hpp>

namespace fanin::optim {
namespace {

double half_cosine(double from, double to, double progress) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

// What options must be, once for texts and for values made in C++: `refuse(option, value, what it must be)` is called
// for each that is not.

void check(const StepDecay& shape, const auto& refuse) {
  if (!(shape.every >= 1)) refuse("every", static_cast<double>(shape.every), "≥ 1");
  if (!(shape.gamma >= 0 && std::isfinite(shape.gamma))) refuse("gamma", shape.gamma, "a finite number ≥ 0");
}
void check(const Cosine& shape, const auto& refuse) {
  if (!(shape.floor >= 0 && std::isfinite(shape.floor))) refuse("floor", shape.floor, "a finite number ≥ 0");
}
void check_momentum(const OneCycle& shape, const auto& refuse) {
  const double highest = shape.max_momentum;
  if (!(highest >= 0 && highest < 1)) refuse("max_momentum", highest, "in [0, 1)");
  if (!(shape.base_momentum >= 0 && shape.base_momentum <= highest))
    refuse("base_momentum", shape.base_momentum,
           fmt::format("at least 0 and at most max_momentum = {}", highest));
}
void check(const OneCycle& shape, const auto& refuse) {
  if (!(shape.peak >= 0 && shape.peak <= 1)) refuse("peak", shape.peak, "in [0, 1]");
  for (const auto& [option, value] : {std::pair{"start", shape.start}, {"end", shape.end}})
    if (!(value >= 1 && std::isfinite(value))) refuse(option, value, "a finite number ≥ 1");
  if (shape.cycle_momentum) check_momentum(shape, refuse);
}

/// Refuses an option where its text stands.
auto refusal_in(const CallOptions& options) {
  return
      [&options](const char* option, double, const std::string& wanted) { options.refuse(option, wanted); };
}
template <class Shape>
Shape checked(Shape shape, const CallOptions& options) {
  check(shape, refusal_in(options));
  return shape;
}
template <class Shape>
void require_sound(const char* name, const Shape& shape) {
  check(shape, [name](const char* option, double value, const std::string& wanted) {
    fail_usage("schedule {}: {} = {} must be {}", name, option, number_text(value), wanted);
  });
}

constexpr Index most = Index{1} << 40;

Registry<ScheduleText>& registry() {
  static Registry<ScheduleText> instance(
      "schedule",
      {{.name = "constant", .read = [](const CallOptions&) { return Constant{}; }},
       {.name = "step",
        .options = {"every", "gamma"},
        .read =
            [](const CallOptions& o) {
              return checked(
                  StepDecay{.every = o.integer("every", 1, 1, most), .gamma = o.number("gamma", 0.1)}, o);
            }},
       {.name = "cosine",
        .options = {"floor"},
        .read = [](const CallOptions& o) { return checked(Cosine{.floor = o.number("floor", 0)}, o); }},
       {.name = "one_cycle",
        .options = {"peak", "start", "end", "cycle_momentum", "base_momentum", "max_momentum"},
        .read = [](const CallOptions& o) {
          OneCycle cycle;
          cycle.peak = o.number("peak", cycle.peak);
          cycle.start = o.number("start", cycle.start);
          cycle.end = o.number("end", cycle.end);
          cycle.cycle_momentum = o.flag("cycle_momentum", cycle.cycle_momentum);
          cycle.max_momentum = o.number("max_momentum", cycle.max_momentum);
          cycle.base_momentum = o.number("base_momentum", std::min(cycle.base_momentum, cycle.max_momentum));
          if (!cycle.cycle_momentum) check_momentum(cycle, refusal_in(o));  // written all the same
          return checked(cycle, o);
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
  CallExpression text = CallExpression::parse(shape);
  if (warmup > 0) text.args.push_back({.key = "warmup", .text = std::to_string(warmup)});
  text_ = text.to_string();
}

std::vector<std::string> Schedule::names() { return registry().names(); }

Schedule Schedule::parse(const std::string& text) {
  const CallExpression call = CallExpression::parse(text);
  const ScheduleText& known = registry().at(call.name);
  std::vector<std::string> names = known.options;
  names.emplace_back("warmup");
  const CallOptions options(call, "schedule", std::move(names));
  Schedule schedule = known.read(options);
  schedule.warmup_ = options.integer("warmup", 0, 0, most);
  schedule.text_ = call.to_string();
  return schedule;
}

std::optional<double> Schedule::momentum(Index step, Index total, Index per_epoch) const {
  if (!momentum_) return std::nullopt;
  return momentum_({.step = std::max<Index>(0, step - warmup_),
                    .steps = std::max<Index>(1, total - warmup_),
                    .epoch = step / std::max<Index>(1, per_epoch)});
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
  require_sound("step", *this);
  const Index decays = place.epoch / every;
  return std::pow(gamma, static_cast<double>(decays));
}
std::string StepDecay::to_string() const {
  require_sound("step", *this);
  return fmt::format("step(every={}, gamma={})", every, number_text(gamma));
}

double Cosine::factor(const Place& place) const {
  require_sound("cosine", *this);
  return half_cosine(1, floor, place.progress());
}
std::string Cosine::to_string() const {
  require_sound("cosine", *this);
  return fmt::format("cosine(floor={})", number_text(floor));
}

double OneCycle::between(const Place& place, double edge, double top, double last) const {
  require_sound("one_cycle", *this);
  // The peak is step peak·length - 1, which may lie before the first; the end is the last step.
  const auto at = static_cast<double>(place.step), length = static_cast<double>(place.steps);
  const double end_step = length - 1, top_step = peak * length - 1;
  if (at <= top_step) return top_step > 0 ? half_cosine(edge, top, at / top_step) : top;
  return end_step > top_step ? half_cosine(top, last, std::min(1.0, (at - top_step) / (end_step - top_step)))
                             : top;
}
double OneCycle::factor(const Place& place) const { return between(place, 1 / start, 1, 1 / (start * end)); }
std::optional<double> OneCycle::momentum(const Place& place) const {
  if (!cycle_momentum) return std::nullopt;
  return between(place, max_momentum, base_momentum, max_momentum);
}
std::string OneCycle::to_string() const {
  require_sound("one_cycle", *this);
  const std::string shape =
      fmt::format("peak={}, start={}, end={}", number_text(peak), number_text(start), number_text(end));
  if (!cycle_momentum) return fmt::format("one_cycle({}, cycle_momentum=false)", shape);
  return fmt::format("one_cycle({}, base_momentum={}, max_momentum={})", shape, number_text(base_momentum),
                     number_text(max_momentum));
}

}  // namespace fanin::optim
