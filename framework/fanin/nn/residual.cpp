#include <fanin/core/error.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/ops/elementwise.hpp>

namespace fanin::nn {

Residual::Residual(ResidualOptions options)
    : body_(std::move(options.body)),
      shortcut_(std::move(options.shortcut)),
      activation_(options.activation) {
  if (!body_) fail("Residual: the body is missing");
  if (!options.body_name.empty()) {
    add_child(std::move(options.body_name), body_);
  } else {
    if (body_->children().empty())
      fail("Residual: a body without layers below it, {}, needs a body_name", body_->describe());
    if (!body_->own_parameters().empty())
      fail("Residual: a body that owns parameters itself needs a body_name");
    for (const auto& [name, child] : body_->children()) add_child(name, child);
  }
  if (options.scaled)
    branch_weight = add_parameter("branch_weight", {1}, init::ones(), {1, 1}, options.scale_init);
  if (shortcut_) add_child(std::move(options.shortcut_name), shortcut_);
}

Module& Residual::body() const {
  if (!body_) fail("Residual: this block was moved from and has no body; use the one that it was moved into");
  return *body_;
}

Tensor Residual::forward(const Tensor& x) {
  Tensor branch = (*body_)(x);
  if (branch_weight) branch = ops::mul(branch, branch_weight->use());
  const Tensor sum = ops::add(branch, shortcut_ ? (*shortcut_)(x) : x);
  return activation_ == Activation{} ? sum : ops::activate(sum, activation_);
}

}  // namespace fanin::nn
