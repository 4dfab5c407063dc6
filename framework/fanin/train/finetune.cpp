#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fanin/core/fail.hpp>
#include <fanin/init/unmatched.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/train/finetune.hpp>

namespace fanin::train {
namespace {

std::string layer_of(const std::string& parameter) {
  const auto dot = parameter.rfind('.');
  return dot == std::string::npos ? "" : parameter.substr(0, dot);
}

void require_cover(const char* option, const std::string& pattern,
                   const std::vector<nn::Module::NamedParameter>& parameters) {
  std::vector<std::string> names, known;
  for (const auto& one : parameters) {
    names.push_back(one.name);
    const std::string layer = layer_of(one.name);
    if (std::find(known.begin(), known.end(), layer) == known.end()) known.push_back(layer);
    known.push_back(one.name);
  }
  if (const auto idle = init::unmatched(pattern, names))
    fail_usage("{}: no layer or parameter matches {}{}", option, in_quotes(*idle), suggest(*idle, known));
}

void check(const FineTune& o, const std::vector<nn::Module::NamedParameter>& parameters) {
  const auto at_least_0 = [](const char* what, double value) {
    if (!(value >= 0) || !std::isfinite(value))
      fail_usage("fine-tuning: {} must be a finite number ≥ 0, got {}", what, value);
  };
  at_least_0("l2_sp", o.l2_sp);
  at_least_0("l2_head", o.l2_head);
  at_least_0("head_epochs", o.head_epochs);
  at_least_0("unfreeze_every", o.unfreeze_every);
  if (!(o.layer_decay > 0 && o.layer_decay <= 1))
    fail_usage("fine-tuning: layer_decay must be in (0, 1], got {}", o.layer_decay);
  if (!o.head.empty()) require_cover("fine-tuning: head", o.head, parameters);
  for (const auto& pattern : o.freeze) require_cover("fine-tuning: freeze", pattern, parameters);
  for (const auto& rule : o.rates) {
    at_least_0("a learning rate's scale", rule.scale);
    require_cover("fine-tuning: learning rate", rule.pattern, parameters);
  }
}

/// The number of each parameter's weight layer, counted from the input; a layer without a matrix
/// (normalization) belongs to the one before it, and what stands before the first to the first.
std::vector<int> positions(const std::vector<nn::Module::NamedParameter>& parameters) {
  std::vector<int> all;
  const nn::Module* current = nullptr;
  int position = -1;
  for (const auto& one : parameters) {
    if (one.owner != current && one.owner->has_matrix()) ++position;
    current = one.owner;
    all.push_back(std::max(position, 0));
  }
  return all;
}

}  // namespace

bool FineTune::empty() const {
  return freeze.empty() && head.empty() && rates.empty() && layer_decay == 1 && head_epochs == 0 &&
         unfreeze_every == 0 && l2_sp == 0 && l2_head == 0;
}

/// A parameter with all that a step needs to know of it.
struct FineTuning::Entry {
  nn::Module::NamedParameter named;
  bool required_grad;     // before
  nn::BatchNorm* norm;    // the owner, if it is one
  bool froze_statistics;  // of `norm`, before
  Tensor start;           // L2-SP's w₀; undefined where it has none
  real penalty = 0;       // α or β
};

FineTuning::FineTuning(nn::Module& model, FineTune options) : options_(std::move(options)) {
  const auto parameters = model.named_parameters();
  check(options_, model.all_names());
  // a shared one may be spoken of by any of its names
  std::map<const nn::Parameter*, std::vector<std::string>> names;
  for (const auto& one : model.all_names()) names[one.parameter.get()].push_back(one.name);
  const auto spoken_of = [&](const std::string& pattern, const nn::Module::NamedParameter& one) {
    const auto& all = names.at(one.parameter.get());
    return std::any_of(all.begin(), all.end(),
                       [&](const std::string& name) { return covers(pattern, name); });
  };
  const auto position = positions(parameters);
  const int last = position.empty() ? 0 : position.back();
  int lowest_head = last;
  const auto is_head = [&](std::size_t i) {
    return options_.head.empty() ? position[i] == last : spoken_of(options_.head, parameters[i]);
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (is_head(i)) lowest_head = std::min(lowest_head, position[i]);
  }
  bool any = false;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& name = parameters[i].name;
    LayerPlan plan{.name = name, .depth = std::max(0, lowest_head - position[i]), .head = is_head(i)};
    if (plan.head) plan.depth = 0;
    plan.frozen = !parameters[i].parameter->value.requires_grad() ||
                  std::any_of(options_.freeze.begin(), options_.freeze.end(),
                              [&](const auto& pattern) { return spoken_of(pattern, parameters[i]); });
    plan.lr_scale = std::pow(options_.layer_decay, plan.depth);
    double rate = 1;
    for (const auto& rule : options_.rates) {
      if (spoken_of(rule.pattern, parameters[i])) rate = rule.scale;
    }
    plan.lr_scale *= rate;
    if (!plan.head)
      plan.from_epoch = std::max(options_.head_epochs, options_.unfreeze_every * plan.depth) + 1;
    any = any || !plan.frozen;

    auto* norm = dynamic_cast<nn::BatchNorm*>(parameters[i].owner);
    Entry entry{.named = parameters[i],
                .required_grad = parameters[i].parameter->value.requires_grad(),
                .norm = norm,
                .froze_statistics = norm != nullptr && norm->freeze_statistics,
                .start = {}};
    if (!plan.frozen) {
      entry.penalty = static_cast<real>(plan.head ? options_.l2_head : options_.l2_sp);
      if (entry.penalty != 0 && !plan.head) entry.start = parameters[i].parameter->use().clone();
    }
    layers_.push_back(std::move(plan));
    entries_.push_back(std::move(entry));
  }
  if (!any) fail_usage("fine-tuning: every parameter is frozen, so there is nothing to train");
}

FineTuning::~FineTuning() {
  for (auto& entry : entries_) {
    entry.named.parameter->value.set_requires_grad(entry.required_grad);
    if (entry.norm != nullptr) entry.norm->freeze_statistics = entry.froze_statistics;
  }
}

std::vector<optim::Group> FineTuning::groups() const {
  std::map<double, optim::Group, std::greater<>> by_rate;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (layers_[i].frozen) continue;
    auto& group = by_rate[layers_[i].lr_scale];
    group.lr_scale = layers_[i].lr_scale;
    group.parameters.push_back(entries_[i].named);
  }
  std::vector<optim::Group> all;
  for (auto& [rate, group] : by_rate) all.push_back(std::move(group));
  return all;
}

void FineTuning::begin_epoch(int epoch) {
  std::set<nn::Module*> training;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const bool trains = !layers_[i].frozen && epoch >= layers_[i].from_epoch;
    Tensor& value = entries_[i].named.parameter->value;
    value.set_requires_grad(trains);
    if (!trains) value.zero_grad();
    if (trains) training.insert(entries_[i].named.owner);
  }
  if (!options_.freeze_statistics) return;
  for (auto& entry : entries_) {
    if (entry.norm != nullptr)
      entry.norm->freeze_statistics = entry.froze_statistics || !training.contains(entry.norm);
  }
}

std::vector<std::pair<std::string, Tensor>> FineTuning::starts() const {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& entry : entries_) {
    if (entry.start.defined()) all.emplace_back(entry.named.name, entry.start);
  }
  return all;
}

void FineTuning::equalize_penalties(const std::vector<std::pair<std::string, double>>& width_scales) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (width_scales[i].second != 1) entries_[i].penalty /= static_cast<real>(width_scales[i].second);
  }
}

bool FineTuning::penalizes() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.penalty != 0; });
}

void FineTuning::add_penalties() {
  for (auto& entry : entries_) {
    if (entry.penalty == 0) continue;
    Tensor gradient = entry.named.parameter->value.grad();
    if (!gradient.defined()) continue;
    const real* w = entry.named.parameter->value.data();
    real* g = gradient.data();
    const Index n = gradient.numel();
    if (entry.start.defined()) {
      const real* start = entry.start.data();
      for (Index i = 0; i < n; ++i) g[i] += entry.penalty * (w[i] - start[i]);
    } else {
      for (Index i = 0; i < n; ++i) g[i] += entry.penalty * w[i];
    }
  }
}

}  // namespace fanin::train
