#include <fanin/core/fail.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/ops/elementwise.hpp>

namespace fanin::nn {

Residual::Residual(ResidualOptions options) : activation_(options.activation) {
  if (!options.body) fail("Residual: the body is missing");
  if (!options.body_name.empty()) {
    body_ = child(options.body_name, std::move(options.body));
  } else {
    nameless_body_ = std::move(options.body);
    if (nameless_body_->children().empty())
      fail("Residual: a body without layers below it, {}, needs a body_name", nameless_body_->describe());
    if (!nameless_body_->own_parameters().empty())
      fail("Residual: a body that owns parameters itself needs a body_name");
    list_children_of(nameless_body_);
  }
  if (options.scaled)
    branch_weight = add_parameter("branch_weight", {1}, init::ones(), {1, 1}, options.scale_init);
  if (options.shortcut) shortcut_ = child(options.shortcut_name, std::move(options.shortcut));
}

Residual::Residual(const Residual& other)
    : Module(other),
      branch_weight(other.branch_weight),
      nameless_body_(copy_of(other.nameless_body_)),
      body_(other.body_),
      shortcut_(other.shortcut_),
      activation_(other.activation_) {}

ModulePtr Residual::copy() const { return std::make_shared<Residual>(Residual(*this)); }

Module& Residual::body() const {
  if (nameless_body_) return *nameless_body_;
  if (!body_) fail("Residual: this block was moved from and has no body; use the one that it was moved into");
  return body_.module();
}

Tensor Residual::forward(const Tensor& x) {
  Tensor branch = body()(x);
  if (branch_weight) branch = ops::mul(branch, branch_weight->use());
  const Tensor sum = ops::add(branch, shortcut_ ? shortcut_(x) : x);
  return activation_ == Activation{} ? sum : ops::activate(sum, activation_);
}

}  // namespace fanin::nn
