#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/grid.hpp>
#include <fanin/core/fail.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t longest_axis = 64;

template <class Value, class Text>
void require_axis(const char* what, const std::vector<Value>& values, const Text& text) {
  if (values.size() > longest_axis)
    fail_usage("compare: {} values of {}, expected at most {}", values.size(), what, longest_axis);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      if (text(values[i]) == text(values[j]))
        fail_usage("compare: {} {} stands there twice; name each once", what, text(values[i]));
  }
}

std::string rate_text(double rate) { return fmt::format("{}", rate); }
std::string rule_name(const optim::UpdateRule& rule) { return rule.name; }

void require_axes(const Grid& grid) {
  require_axis("optimizer", grid.optimizers, rule_name);
  require_axis("batch", grid.batches, [](Index batch) { return std::to_string(batch); });
  require_axis("lr", grid.rates, rate_text);
  for (const Index batch : grid.batches)
    if (batch < 1) fail_usage("compare: batch must be at least 1, got {}", batch);
  const bool search = grid.tune || grid.rates.size() > 1;
  for (const double rate : grid.rates)
    if (!std::isfinite(rate) || rate < 0 || (search && rate == 0))
      fail_usage("compare: lr must be a finite number {} 0, got {}", search ? ">" : "≥", rate);
}

const optim::UpdateRule& rule_of(const Grid& grid, const Subject& subject) {
  for (const optim::UpdateRule& rule : grid.optimizers)
    if (rule.name == subject.optimizer) return rule;
  return grid.training.optimizer.rule;
}

}  // namespace

std::vector<Subject> subjects(const Grid& grid) {
  require_axes(grid);
  std::vector<std::string> optimizers;
  for (const optim::UpdateRule& rule : grid.optimizers) optimizers.push_back(rule.name);
  if (optimizers.empty()) optimizers = {grid.training.optimizer.rule.name};
  const std::vector<Index> batches = grid.batches.empty() ? std::vector{grid.training.batch} : grid.batches;
  std::vector<std::optional<double>> rates = {std::nullopt};
  if (!grid.tune && grid.rates.size() > 1) rates.assign(grid.rates.begin(), grid.rates.end());

  std::vector<Subject> all;
  for (const std::string& model : grid.models) {
    for (const Index labels : grid.labels_per_class) {
      for (const std::string& optimizer : optimizers) {
        for (const Index batch : batches) {
          for (const std::optional<double> lr : rates) {
            std::string name = model;
            if (labels > 0) name += fmt::format(", {} labels per class", labels);
            if (optimizers.size() > 1) name += ", " + optimizer;
            if (batches.size() > 1) name += fmt::format(", batch {}", batch);
            const std::string window = name;
            if (lr) name += fmt::format(", lr {}", rate_text(*lr));
            all.push_back({.name = name,
                           .model = model,
                           .labels_per_class = labels,
                           .optimizer = optimizer,
                           .batch = batch,
                           .lr = lr,
                           .window = window});
          }
        }
      }
    }
  }
  return all;
}

train::TrainOptions options_of(const Grid& grid, const Subject& subject) {
  train::TrainOptions options = grid.training;
  options.optimizer.rule = rule_of(grid, subject);
  options.batch = subject.batch;
  return options;
}

double common_rate(const Grid& grid, const Subject& subject) {
  if (subject.lr) return *subject.lr;
  if (grid.rates.size() == 1) return grid.rates.front();
  return grid.optimizers.empty() ? grid.training.optimizer.lr : rule_of(grid, subject).default_lr;
}

std::string baseline_of(const Grid& grid) {
  for (const Scheme& scheme : grid.schemes)
    if (scheme.start.text() == "default") return scheme.label;
  return grid.schemes.empty() ? "" : grid.schemes.front().label;
}

}  // namespace fanin::compare
