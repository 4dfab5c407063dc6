#include "examples/fanin/grid_axes.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::program {
namespace {

constexpr std::size_t longest = 64;
constexpr const char* separators = ",;";

/// The places of a list, trimmed; unlike `split_list`, an empty one is a mistake here.
std::vector<std::string> places(const std::string& text, const std::string& flag) {
  std::vector<std::string> all;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    const auto first = text.find_first_not_of(" \t", begin);
    if (first == std::string::npos || first >= end)
      fail_usage("{}: '{}' has an empty place; write a list as 0.01, 0.1", flag,
                 printable(text.substr(0, 80)));
    all.push_back(text.substr(first, text.find_last_not_of(" \t", end - 1) + 1 - first));
    if (all.size() > longest) fail_usage("{}: a list of more than {} values", flag, longest);
    begin = end + 1;
  }
  return all;
}

template <class Number>
std::vector<Number> numbers(const std::string& text, const std::string& flag, const char* what) {
  std::vector<Number> all;
  for (const std::string& place : places(text, flag)) {
    Number number{};
    const auto [end, status] = std::from_chars(place.data(), place.data() + place.size(), number);
    if (status != std::errc() || end != place.data() + place.size())
      fail_usage("{}: '{}' is not {}", flag, printable(place), what);
    if (std::find(all.begin(), all.end(), number) != all.end())
      fail_usage("{}: {} stands there twice; name each once", flag, number);
    all.push_back(number);
  }
  return all;
}

bool is_list(const std::string& text) { return text.find_first_of(separators) != std::string::npos; }

std::string rates_text(const compare::Grid& grid) {
  if (!grid.rates.empty()) return fmt::format("{}", fmt::join(grid.rates, ", "));
  if (grid.optimizers.empty()) return fmt::format("{}", grid.training.optimizer.lr);
  std::vector<std::string> own;
  for (const auto& rule : grid.optimizers) own.push_back(fmt::format("{} of {}", rule.default_lr, rule.name));
  return fmt::format("{}", fmt::join(own, ", "));
}

}  // namespace

std::vector<double> rate_list(const std::string& text, const std::string& flag) {
  const auto rates = numbers<double>(text, flag, "a number");
  for (const double rate : rates)
    if (!(rate > 0) || !std::isfinite(rate))
      fail_usage("{}: a rate of a list must be a finite number > 0, got {}", flag, rate);
  return rates;
}

std::vector<Index> count_list(const std::string& text, const std::string& flag) {
  const auto counts = numbers<Index>(text, flag, "a whole number");
  for (const Index count : counts)
    if (count < 1) fail_usage("{} must be at least 1, got {}", flag, count);
  return counts;
}

void GridAxes::add_to(CLI::App& command) {
  // The flag's own conversion gets one value; the list is taken before it.
  const auto first_of = [](const std::string& text) {
    return text.substr(0, text.find_first_of(separators));
  };
  CLI::Option* lr = command.get_option("--lr");
  lr_ = lr;
  lr->description(
      "learning rate; several, \"0.01, 0.1\", are an axis: a table for each and windows of rates");
  lr->transform([this, first_of](const std::string& text) {
    if (!is_list(text)) return text;
    rates_ = rate_list(text, "--lr");
    return first_of(text);
  });
  CLI::Option* optimizer = command.get_option("--optimizer");
  optimizer->description(optimizer->get_description() +
                         "; several, \"sgd; adam\", are an axis: a table for each");
  optimizer->transform([this](const std::string& text) {
    if (!is_list(text)) return text;
    optimizers_.clear();
    for (const std::string& name : places(text, "--optimizer")) {
      optimizers_.push_back(optim::update_rule_named(name));
      for (std::size_t i = 0; i + 1 < optimizers_.size(); ++i)
        if (optimizers_[i].name == name)
          fail_usage("--optimizer: {} stands there twice; name each once", name);
    }
    return optimizers_.front().name;
  });
  CLI::Option* batch = command.get_option("--batch");
  batch->description("samples a step; several, \"64, 256\", are an axis: a table for each");
  batch->transform([this, first_of](const std::string& text) {
    if (!is_list(text)) return text;
    batches_ = count_list(text, "--batch");
    return first_of(text);
  });
  command.add_flag(
      "--tune", tune_,
      "choose each scheme's learning rate, on validation images and with other seeds, by as many "
      "runs as the grid has seeds (successive halving): every scheme runs at the common rate and at "
      "its own. The search begins with the rates of --lr, or about its one");
  command
      .add_option("--until", until_,
                  "give schemes seeds until the 95 % interval of their difference is ± so many points, or "
                  "--seeds is used up; 0: all of --seeds")
      ->capture_default_str();
  command
      .add_option(
          "--margin", margin_,
          "a scheme is equivalent to the baseline when a difference of so many points or more is ruled "
          "out")
      ->capture_default_str();
}

void GridAxes::apply(compare::Grid& grid) const {
  grid.rates = rates_;
  grid.optimizers = optimizers_;
  grid.batches = batches_;
  grid.tune = tune_;
  if (rates_.empty() && lr_->count() > 0) grid.rates = {grid.training.optimizer.lr};
  if (tune_ && optimizers_.empty() && rates_.empty() && grid.training.optimizer.lr == 0)
    fail_usage("--tune needs a learning rate above 0 to begin with, got --lr 0");
  if (!(until_ >= 0 && until_ <= 100)) fail_usage("--until must be between 0 and 100 points, got {}", until_);
  grid.until = until_ / 100;
  if (!(margin_ > 0 && margin_ <= 100))
    fail_usage("--margin must be above 0 and at most 100 points, got {}", margin_);
  grid.margin = margin_ / 100;
}

void GridAxes::record(const compare::Grid& grid, compare::Settings& settings) {
  for (auto& setting : settings.training) {
    if (setting.first == "lr") setting.second = rates_text(grid);
    if (setting.first == "optimizer" && !grid.optimizers.empty()) {
      std::vector<std::string> names;
      for (const auto& rule : grid.optimizers) names.push_back(rule.name);
      setting.second = fmt::format("{}", fmt::join(names, "; "));
    }
    if (setting.first == "batch" && !grid.batches.empty())
      setting.second = fmt::format("{}", fmt::join(grid.batches, ", "));
  }
  settings.training.emplace_back("tune", grid.tune ? "true" : "false");
  settings.until = grid.until;
  settings.margin = grid.margin;
}

}  // namespace fanin::program
