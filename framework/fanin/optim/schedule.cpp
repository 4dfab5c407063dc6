#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/optim/schedule.hpp>

namespace fanin::optim {
namespace {

constexpr Index most = Index{1} << 40;

double half_cosine(double from, double to, double progress) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

double at_least(const Options& options, const char* key, double fallback, double least) {
  const double value = options.number(key, fallback);
  if (value < least) options.refuse(key, fmt::format("≥ {}", least));
  return value;
}

}  // namespace

const std::vector<std::string>& Schedule::names() {
  static const std::vector<std::string> all = {"constant", "step", "cosine", "one_cycle"};
  return all;
}

Schedule Schedule::parse(const std::string& text) {
  const Expression call = Expression::parse(text);
  Schedule schedule;
  schedule.text_ = call.to_string();
  const auto options = [&call](std::vector<std::string> known) {
    known.emplace_back("warmup");
    return Options(call, "schedule", std::move(known));
  };
  if (call.name == "constant") {
    schedule.warmup_ = options({}).integer("warmup", 0, 0, most);
  } else if (call.name == "step") {
    const Options o = options({"every", "gamma"});
    schedule.kind_ = Kind::step;
    schedule.every_ = o.integer("every", 1, 1, most);
    schedule.gamma_ = at_least(o, "gamma", 0.1, 0);
    schedule.warmup_ = o.integer("warmup", 0, 0, most);
  } else if (call.name == "cosine") {
    const Options o = options({"floor"});
    schedule.kind_ = Kind::cosine;
    schedule.floor_ = at_least(o, "floor", 0, 0);
    schedule.warmup_ = o.integer("warmup", 0, 0, most);
  } else if (call.name == "one_cycle") {
    const Options o = options({"peak", "start", "end"});
    schedule.kind_ = Kind::one_cycle;
    schedule.peak_ = at_least(o, "peak", 0.3, 0);
    if (schedule.peak_ > 1) o.refuse("peak", "in [0, 1]");
    schedule.start_ = at_least(o, "start", 25, 1);
    schedule.end_ = at_least(o, "end", 1e4, 1);
    schedule.warmup_ = o.integer("warmup", 0, 0, most);
  } else {
    fail_usage("unknown schedule '{}'{}", call.name, suggest(call.name, names()));
  }
  return schedule;
}

double Schedule::factor(Index step, Index total, Index per_epoch) const {
  if (step < warmup_) return static_cast<double>(step + 1) / static_cast<double>(warmup_ + 1);
  const Index length = std::max<Index>(1, total - warmup_);
  const double progress = std::min(1.0, static_cast<double>(step - warmup_) / static_cast<double>(length));
  switch (kind_) {
    case Kind::constant:
      return 1;
    case Kind::step:
      return std::pow(gamma_, static_cast<double>(step / std::max<Index>(1, per_epoch) / every_));
    case Kind::cosine:
      return half_cosine(1, floor_, progress);
    case Kind::one_cycle: {
      // As torch's OneCycleLR: the peak is step peak·length - 1, the end is the last step.
      const double at = static_cast<double>(step - warmup_), last = static_cast<double>(length - 1);
      const double top = std::max(0.0, peak_ * static_cast<double>(length) - 1);
      if (at < top) return half_cosine(1 / start_, 1, at / top);
      return top < last ? half_cosine(1, 1 / end_, std::min(1.0, (at - top) / (last - top))) : 1;
    }
  }
  return 1;
}

}  // namespace fanin::optim
