#include "framework/train/settings.hpp"

#include <fmt/ranges.h>

#include "framework/io/crc32.hpp"

namespace fanin::train {
namespace {

std::string text(double value) { return fmt::format("{}", value); }

std::string describe(const FineTune& f) {
  std::string rates;
  for (const auto& rule : f.rates) rates += fmt::format("{}={} ", rule.pattern, rule.scale);
  if (f.empty()) return "none";
  return fmt::format("freeze {}, statistics {}, head {}, rates {}, layer_decay {}, head_epochs {}, unfreeze_every {}, l2_sp {}, l2_head {}",
                     fmt::join(f.freeze, " "), f.freeze_statistics, f.head, rates, f.layer_decay, f.head_epochs, f.unfreeze_every,
                     f.l2_sp, f.l2_head);
}

}  // namespace

std::string describe(const Dataset& data) {
  std::uint32_t crc = crc32_of(0, data.images.data(), data.images.size());
  crc = crc32_of(crc, data.labels.data(), data.labels.size() * sizeof data.labels[0]);
  return fmt::format("{}: {} images {}×{}×{}, {} classes, mean {}, stddev {}, crc {:08x}", data.name, data.count, data.channels,
                     data.height, data.width, data.classes, fmt::join(data.mean, " "), fmt::join(data.stddev, " "), crc);
}

Settings settings_of(const TrainOptions& options, const Dataset& training, const Dataset& test) {
  Settings all = {{"training data", describe(training)}, {"test data", describe(test)}};
  for (auto& one : settings_of(options)) all.push_back(std::move(one));
  return all;
}

Settings settings_of(const TrainOptions& options) {
  const auto& rule = options.optimizer;
  return {{"batch", std::to_string(options.batch)},
          {"seed", std::to_string(options.seed)},
          {"optimizer", optim::rule_name(rule.rule)},
          {"lr", text(rule.lr)},
          {"momentum", text(rule.momentum)},
          {"dampening", text(rule.dampening)},
          {"nesterov", rule.nesterov ? "yes" : "no"},
          {"weight decay", text(rule.weight_decay)},
          {"beta1", text(rule.beta1)},
          {"beta2", text(rule.beta2)},
          {"alpha", text(rule.alpha)},
          {"eps", text(rule.eps)},
          {"schedule", options.schedule.to_string()},
          {"gradient clipping", text(options.clip_norm)},
          {"label smoothing", text(options.label_smoothing)},
          {"class weights", options.class_weights.defined() ? fmt::format("{}", fmt::join(options.class_weights.values(), " ")) : "none"},
          {"augmentation", options.augment.to_string()},
          {"fine-tuning", describe(options.finetune)},
          {"test_every", std::to_string(options.test_every)},
          {"threshold", fmt::format("{} every {} steps on {} samples", options.threshold, options.threshold_every,
                                    options.threshold_samples)},
          {"curve_every", std::to_string(options.curve_every)},
          {"measure of the best epoch", options.early_stopping.measure == Measure::test_loss ? "test loss" : "test accuracy"},
          {"min_delta", text(options.early_stopping.min_delta)},
          {"restoring the best epoch", options.early_stopping.restore_best ? "yes" : "no"}};
}

}  // namespace fanin::train
