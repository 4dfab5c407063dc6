#include "examples/commands/command.hpp"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "framework/core/error.hpp"

namespace fanin::program {
namespace {

std::atomic<bool> stop_asked{false};

void on_interrupt(int) {
  if (stop_asked.exchange(true)) _exit(130);
}

}  // namespace

void TrainingFlags::add_to(CLI::App& command) {
  command
      .add_option("--data", data,
                  "data set: fashion-mnist, mnist, idx(DIR), folder(PATH, size=28), synthetic(…)")
      ->capture_default_str();
  command.add_option("--epochs", epochs, "passes over the training set")->capture_default_str();
  command.add_option("--batch", batch, "samples a step")->capture_default_str();
  command.add_option("--lr", lr, "learning rate")->capture_default_str();
  command.add_option("--optimizer", optimizer, "sgd, adam, adamw or rmsprop")->capture_default_str();
  command.add_option("--momentum", rule.momentum, "of sgd and rmsprop")->capture_default_str();
  command.add_flag("--nesterov", rule.nesterov, "Nesterov momentum");
  command.add_option("--weight-decay", rule.weight_decay, "L2 penalty; decoupled for adamw")
      ->capture_default_str();
  command
      .add_option("--schedule", schedule,
                  "constant, step(every=2, gamma=0.1), cosine, one_cycle; each takes warmup=STEPS")
      ->capture_default_str();
  command.add_option("--clip", clip, "largest joint gradient norm; 0: no clipping")->capture_default_str();
  command.add_option("--label-smoothing", label_smoothing, "share of the target spread over all classes")
      ->capture_default_str();
  command.add_option("--augment", augment,
                     "random changes to training images: \"crop(pad=2); flip; shift(2)\"");
}

train::TrainOptions TrainingFlags::options() const {
  if (epochs < 1) fail_usage("--epochs must be at least 1, got {}", epochs);
  if (batch < 1) fail_usage("--batch must be at least 1, got {}", batch);
  if (!(lr >= 0) || !std::isfinite(lr)) fail_usage("--lr must be a finite number ≥ 0, got {}", lr);
  if (!(clip >= 0)) fail_usage("--clip must be ≥ 0, got {}", clip);
  if (!(label_smoothing >= 0 && label_smoothing < 1))
    fail_usage("--label-smoothing must be in [0, 1), got {}", label_smoothing);
  train::TrainOptions options;
  options.epochs = epochs;
  options.batch = batch;
  options.optimizer = rule;
  options.optimizer.rule = optim::rule_named(optimizer);
  options.optimizer.lr = lr;
  options.schedule = optim::Schedule::parse(schedule);
  options.clip_norm = clip;
  options.label_smoothing = label_smoothing;
  if (!augment.empty()) options.augment = Transform::parse(augment);
  return options;
}

Batch initial_batch(const Dataset& training) { return first_batch(training, 256); }

models::InputSpec input_of(const Dataset& data) {
  return {.channels = data.channels, .height = data.height, .width = data.width, .classes = data.classes};
}

const std::atomic<bool>& interrupted() { return stop_asked; }

void watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

CLI::Validator seed_number() {
  return CLI::Validator(
      [](const std::string& text) {
        std::uint64_t seed = 0;
        const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), seed);
        if (status == std::errc() && end == text.data() + text.size()) return std::string();
        return fmt::format("'{}' is not a whole number from 0 to {}", text,
                           std::numeric_limits<std::uint64_t>::max());
      },
      "");
}

std::vector<std::string> split_list(const std::string& text, const std::string& separators) {
  std::vector<std::string> pieces(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(' || c == '{') ++depth;
    if (c == ')' || c == '}') --depth;
    if (depth == 0 && separators.find(c) != std::string::npos)
      pieces.emplace_back();
    else
      pieces.back() += c;
  }
  std::vector<std::string> trimmed;
  for (const auto& piece : pieces) {
    const auto first = piece.find_first_not_of(" \t\n");
    if (first == std::string::npos) continue;
    trimmed.push_back(piece.substr(first, piece.find_last_not_of(" \t\n") - first + 1));
  }
  return trimmed;
}

std::string percent(double share) { return std::isnan(share) ? "-" : fmt::format("{:.2f}%", 100 * share); }

nlohmann::ordered_json confusion_json(const train::Confusion& confusion) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (int truth = 0; truth < confusion.classes; ++truth) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (int guess = 0; guess < confusion.classes; ++guess) row.push_back(confusion.at(truth, guess));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace fanin::program
