#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/init/pattern.hpp>
#include <fanin/init/unmatched.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/optim/flat_group.hpp>

namespace fanin::optim {
namespace {

void at_least_0(const char* what, double value) {
  if (!(value >= 0) || !std::isfinite(value))
    fail_usage("optimizer: {} must be a finite number ≥ 0, got {}", what, value);
}

void share(const char* what, double value) {
  if (!(value >= 0 && value < 1)) fail_usage("optimizer: {} must be in [0, 1), got {}", what, value);
}

void check(const OptimizerOptions& o) {
  if (!o.rule.step) fail("optimizer: the rule {} has no step function", in_quotes(o.rule.name));
  at_least_0("lr", o.lr);
  at_least_0("weight_decay", o.weight_decay);
  at_least_0("momentum", o.momentum);
  at_least_0("dampening", o.dampening);
  at_least_0("eps", o.eps);
  share("beta1", o.beta1);
  share("beta2", o.beta2);
  share("alpha", o.alpha);
  if (o.nesterov && (o.momentum <= 0 || o.dampening != 0)) {
    fail_usage("optimizer: nesterov needs momentum > 0 and dampening 0, got momentum={} and dampening={}",
               o.momentum, o.dampening);
  }
}

/// As torch.optim: at least one parameter, and each of them once.
void require_parameters(const std::vector<Group>& groups) {
  // by the tensor itself, whose shape lies where no other's does
  std::map<const Shape*, std::pair<std::string, std::size_t>> seen;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    at_least_0("a group's lr_scale", groups[i].lr_scale);
    at_least_0("a group's decay_scale", groups[i].decay_scale);
    at_least_0("a group's weight_decay", groups[i].weight_decay.value_or(0));
    for (const auto& one : groups[i].parameters) {
      if (one.parameter == nullptr)
        fail("optimizer: parameter '{}' of group {} is null; give one of a model", one.name, i);
      const auto [before, fresh] = seen.try_emplace(&one.parameter->value.shape(), one.name, i);
      if (fresh) continue;
      const auto& [name, group] = before->second;
      fail("optimizer: parameter '{}' of group {} is '{}' of group {} already; give each parameter once",
           one.name, i, name, group);
    }
  }
  if (seen.empty()) fail("optimizer: there are no parameters to train; give a model that has some");
}

/// A pattern that speaks of nothing is a typing error.
void require_no_decay(const std::vector<Group>& groups, const std::string& patterns) {
  std::vector<std::string> known;
  for (const Group& group : groups) {
    for (const auto& one : group.parameters) known.push_back(one.name);
  }
  if (patterns.empty()) return;
  if (const auto idle = init::unmatched(patterns, known))
    fail_usage("optimizer: no_decay: no layer or parameter matches {}{}", in_quotes(*idle),
               suggest(*idle, known));
}

/// Whether an optimizer made with these options has all buffers that any momentum takes.
bool has_momentum_buffers(const OptimizerOptions& options) {
  if (!options.rule.momentum || !options.rule.state) return true;
  OptimizerOptions with = options;
  with.*options.rule.momentum = 0.5;
  return options.rule.state(options).size() == options.rule.state(with).size();
}

constexpr Index least_shared = 50'000;  // parameters below which handing out costs more than it saves

}  // namespace

Optimizer::~Optimizer() = default;
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;

Optimizer::Optimizer(nn::Module& model, OptimizerOptions options)
    : Optimizer(std::vector<Group>{{.parameters = model.named_parameters()}}, std::move(options)) {}

Optimizer::Optimizer(std::vector<Group> groups, OptimizerOptions options) : options_(std::move(options)) {
  check(options_);
  require_parameters(groups);
  require_no_decay(groups, options_.no_decay);
  has_momentum_buffers_ = has_momentum_buffers(options_);
  given_ = groups.size();
  const auto add = [&](std::size_t given, double weight_decay, const auto& wanted) {
    FlatGroup flat;
    flat.lr_scale = groups[given].lr_scale;
    flat.weight_decay = weight_decay;
    flat.given = given;
    for (auto& one : groups[given].parameters) {
      if (wanted(one.name)) flat.frozen.push_back({one.name, one.parameter, 0, one.parameter->value.numel()});
    }
    if (options_.rule.state)
      for (const auto& name : options_.rule.state(options_))
        flat.state.emplace_back(name, Tensor::zeros({0}));
    flat.take_in();
    groups_.push_back(std::move(flat));
  };
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto exempt = [&](const std::string& name) { return init::covers(options_.no_decay, name); };
    const auto decays = [&](const std::string& name) { return !exempt(name); };
    add(i, groups[i].weight_decay.value_or(options_.weight_decay) * groups[i].decay_scale, decays);
    if (!options_.no_decay.empty()) add(i, 0, exempt);
  }
}

void Optimizer::update(FlatGroup& group, Index begin, Index count, Index previous_updates) {
  options_.rule.step({.count = count,
                      .w = group.values.data() + begin,
                      .g = group.gradients.data() + begin,
                      .buffers = group.buffers,
                      .offset = begin,
                      .lr = options_.lr * group.lr_scale,
                      .weight_decay = group.weight_decay,
                      .updates = previous_updates,
                      .options = options_});
}

void Optimizer::step() {
  require_whole("step");
  gather();
  step_gathered();
}

void Optimizer::step_from(const Tensor& loss) {
  require_whole("step_from");
  gather();
  list_leaf_steps();
  {
    const LeafSteps steps(leaf_steps_);
    loss.backward();
  }
  step_gathered();
  zero_grad();
}

void Optimizer::gather() {
  for (auto& group : groups_) {
    group.take_in();
    for (auto& entry : group.entries) {
      group.gather(entry);
      entry.moved = false;
    }
  }
}

/// Only where a step of the rule is what a pass can make.
void Optimizer::list_leaf_steps() {
  leaf_steps_.clear();
  if (!options_.rule.plain || options_.momentum != 0) return;
  // A weight is moved in strips, whose products round as the whole one's by our kernels alone.
  if (kernels::products() == kernels::Products::openblas) return;
  for (auto& group : groups_) {
    const kernels::SgdStep step{.lr = options_.lr * group.lr_scale, .weight_decay = group.weight_decay};
    for (auto& entry : group.entries) {
      const bool seen_by_others = entry.home.use_count() != 2;  // this entry's, and the parameter's
      if (!seen_by_others) leaf_steps_.push_back({&entry.value().shape(), step, &entry.moved});
    }
  }
}

void Optimizer::step_gathered() {
  for (auto& group : groups_) {
    if (group.steps != steps_) {  // set_steps: a checkpoint's state is not fresh
      for (auto& entry : group.entries) entry.updates = steps_;
    }
    group.steps = steps_ + 1;
    const auto in_step = [this](const auto& entry) {
      return (entry.moved || entry.value().grad().defined()) && entry.updates == steps_;
    };
    if (std::all_of(group.entries.begin(), group.entries.end(), in_step)) {
      // Each thread updates its share of every parameter: the rows it computes with.
      Index left = 0;
      for (const auto& entry : group.entries) left += entry.moved ? 0 : entry.numel;
      const Index shares = left < least_shared ? 1 : thread_count();
      parallel_for(shares, [&](Index share) {
        for (auto& entry : group.entries) {
          if (entry.moved) continue;
          const Index n = entry.numel, begin = n * share / shares;
          update(group, entry.offset + begin, n * (share + 1) / shares - begin, steps_);
        }
      });
      for (auto& entry : group.entries) entry.mark_updated();
      continue;
    }
    for (auto& entry : group.entries) {
      if (!entry.moved && !entry.value().grad().defined()) continue;
      if (!entry.moved) update(group, entry.offset, entry.numel, entry.updates);
      entry.mark_updated();
    }
  }
  ++steps_;
}

void Optimizer::zero_grad() {
  require_whole("zero_grad");
  for (auto& group : groups_) {
    group.take_in();
    for (auto& entry : group.entries) entry.value().zero_grad();
  }
}

double Optimizer::clip_grad_norm(double max_norm) {
  require_whole("clip_grad_norm");
  if (!(max_norm > 0)) fail_usage("clip_grad_norm: max_norm must be > 0, got {}", max_norm);
  double squares = 0;
  for (auto& group : groups_) {
    group.take_in();
    for (auto& entry : group.entries) {
      if (!entry.value().grad().defined()) continue;
      for (const real g : entry.value().grad().values())
        squares += static_cast<double>(g) * static_cast<double>(g);
    }
  }
  const double norm = std::sqrt(squares);
  const double scale = max_norm / (norm + 1e-6);
  if (scale >= 1 || std::isnan(norm)) return norm;
  for (auto& group : groups_) {
    for (auto& entry : group.entries) {
      if (!entry.value().grad().defined()) continue;
      Tensor gradient = entry.value().grad();
      for (real& g : gradient.values()) g *= static_cast<real>(scale);
    }
  }
  return norm;
}

void Optimizer::require_whole(const char* what) const {
  if (groups_.empty())
    fail("optimizer: {} of one that was moved from; use the one that it was moved into", what);
}

void Optimizer::set_lr(double lr) {
  at_least_0("lr", lr);
  options_.lr = lr;
}

void Optimizer::set_momentum(double momentum) {
  if (!options_.rule.momentum) return;
  share("momentum", momentum);
  if (momentum > 0 && !has_momentum_buffers_)
    fail("optimizer: {} was made without momentum and has no buffer for it; make it with one above 0",
         in_quotes(options_.rule.name));
  options_.*options_.rule.momentum = momentum;
}

void Optimizer::set_group_lr_scale(std::size_t group, double scale) {
  if (group >= given_) fail("optimizer: there is no group {}, it has {}, counted from 0", group, given_);
  at_least_0("a group's lr_scale", scale);
  for (FlatGroup& flat : groups_) {
    if (flat.given == group) flat.lr_scale = scale;
  }
}

}  // namespace fanin::optim
