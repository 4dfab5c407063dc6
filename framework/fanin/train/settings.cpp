#include <fmt/ranges.h>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/train/provenance.hpp>
#include <fanin/train/settings.hpp>

namespace fanin::train {
namespace {

constexpr const char* none = "none";

/// "conv*=0.1; fc1=0.2".
template <class T, class Text>
std::string listed(const std::vector<T>& values, const Text& text) {
  std::vector<std::string> all;
  for (const T& value : values) all.push_back(text(value));
  return all.empty() ? none : fmt::format("{}", fmt::join(all, "; "));
}

}  // namespace

std::string setting_text(bool value) { return value ? "true" : "false"; }
std::string setting_text(double value) { return fmt::format("{}", value); }
std::string setting_text(const std::string& value) { return value.empty() ? none : value; }
std::string setting_text(const std::vector<std::string>& values) {
  return listed(values, [](const std::string& value) { return value; });
}
std::string setting_text(const optim::UpdateRule& rule) { return rule.name; }
std::string setting_text(const optim::Schedule& schedule) { return schedule.to_string(); }
std::string setting_text(const data::Transform& transform) { return setting_text(transform.to_string()); }
std::string setting_text(const data::Share& share) { return share.to_string(); }
std::string setting_text(const ClassWeights& weights) { return weights.to_string(); }
std::string setting_text(Measure measure) { return measure == Measure::loss ? "loss" : "accuracy"; }
std::string setting_text(const std::optional<data::LastBatch>& last_batch) {
  return last_batch ? name_of(*last_batch) : "auto";
}
std::string setting_text(start::Mismatch mismatch) { return name_of(mismatch); }
std::string setting_text(const std::vector<RateRule>& rules) {
  return listed(rules, [](const RateRule& rule) { return fmt::format("{}={}", rule.pattern, rule.scale); });
}
std::string setting_text(const std::vector<start::Rename>& rules) {
  return listed(rules, [](const start::Rename& rule) { return rule.pattern + "=>" + rule.replacement; });
}
std::string setting_text(const std::vector<start::AdaptRule>& rules) {
  return listed(rules, [](const start::AdaptRule& rule) { return rule.pattern + "=" + name_of(rule.rule); });
}
std::string setting_text(const std::optional<start::ShrinkPerturbOptions>& options) {
  return options ? fmt::format("shrink {}, perturb {}", options->shrink, options->perturb) : none;
}

void read_setting(const std::string& text, optim::UpdateRule& rule) { rule = optim::update_rule_named(text); }
void read_setting(const std::string& text, optim::Schedule& schedule) {
  schedule = optim::Schedule::parse(text);
}
void read_setting(const std::string& text, data::Transform& transform) {
  transform = text.empty() || text == none ? data::Transform() : data::Transform::parse(text);
}
void read_setting(const std::string& text, data::Share& share) { share = data::Share::parse(text); }
void read_setting(const std::string& text, Measure& measure) {
  if (text != "accuracy" && text != "loss")
    fail_usage("unknown measure '{}' of the best epoch{}", text, suggest(text, {"accuracy", "loss"}));
  measure = text == "loss" ? Measure::loss : Measure::accuracy;
}

void read_setting(const std::string& text, std::optional<data::LastBatch>& last_batch) {
  if (text == "auto")
    last_batch.reset();
  else
    last_batch = data::last_batch_named(text);
}
void read_setting(const std::string& text, ClassWeights& weights) { weights = ClassWeights::parse(text); }

std::string describe(const data::Dataset& data) {
  return fmt::format("{}: {} images {}×{}×{}, {} classes, mean {}, stddev {}, crc {}", printable(data.name),
                     data.count, data.channels, data.height, data.width, data.classes,
                     fmt::join(data.mean, " "), fmt::join(data.stddev, " "), checksum(data));
}

SettingTexts fixed_settings(const TrainOptions& options, const data::Sets& sets) {
  SettingTexts all;
  each_setting(options, [&all](const Setting& setting, const auto& value) {
    if (!setting.may_change) all.emplace_back(setting.key, setting_text(value));
  });
  all.emplace_back("training data", describe(sets.training));
  if (sets.has_validation()) all.emplace_back("validation data", describe(sets.validation));
  all.emplace_back("test data", describe(sets.test));
  return all;
}

}  // namespace fanin::train
