// Tensors, graphs and gradient checks used as they cannot be: each an Error that says what, and never a crash.
#include <doctest/doctest.h>

#include <memory>

#include <fanin/autograd/gradcheck.hpp>
#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/reduce.hpp>

#include "tests/misuse.hpp"

using namespace fanin;

namespace {

Tensor leaf(const Shape& shape) { return Tensor::full(shape, 2).set_requires_grad(true); }

/// Whose backward pass is whatever a test makes of it.
struct Wrong {
  static constexpr const char* name = "wrong";
  std::function<void(const Tensor&, Gradients&)> gradients;
  Tensor forward(const Tensor& x) { return x.clone(); }
  void backward(const Tensor& grad, Gradients& grads) { gradients(grad, grads); }
};

/// Runs backward through an op whose gradients are those.
auto backward_by(std::function<void(const Tensor&, Gradients&)> gradients) {
  return [=] { ops::sum(record(Wrong{gradients}, leaf({3}))).backward(); };
}

/// As many inputs as are given.
struct Many {
  static constexpr const char* name = "many";
  Tensor forward(const Tensor& x, const auto&...) { return x.clone(); }
  void backward(const Tensor&, Gradients&) {}
};

/// Takes the slot of its second input without asking whether it is wanted.
struct Greedy {
  static constexpr const char* name = "greedy";
  Tensor forward(const Tensor& x, const Tensor&) { return x.clone(); }
  void backward(const Tensor&, Gradients& grads) { grads.slot(1); }
};

}  // namespace

TEST_CASE(
    "misuse: all that is asked of an undefined or moved-from tensor is an Error, but whether it is one") {
  Tensor undefined, moved = leaf({2});
  const Tensor taken = std::move(moved);
  for (Tensor* tensor : {&undefined, &moved}) {
    CHECK_FALSE(tensor->defined());
    CHECK_FALSE(tensor->unique());
    CHECK(tensor->same_as(Tensor()));
    CHECK_FALSE(Tensor(*tensor).defined());
    Tensor whole = Tensor::ones({2});
    const char* said = "this tensor is undefined";
    check_all({{"shape", [&] { static_cast<void>(tensor->shape()); }, said},
               {"size", [&] { static_cast<void>(tensor->size(0)); }, said},
               {"rank", [&] { static_cast<void>(tensor->rank()); }, said},
               {"numel", [&] { static_cast<void>(tensor->numel()); }, said},
               {"has_values", [&] { static_cast<void>(tensor->has_values()); }, said},
               {"data", [&] { tensor->data(); }, said},
               {"const data", [&] { std::as_const(*tensor).data(); }, said},
               {"values", [&] { static_cast<void>(tensor->values()); }, said},
               {"to_vector", [&] { tensor->to_vector(); }, said},
               {"item", [&] { static_cast<void>(tensor->item()); }, said},
               {"unset", [&] { tensor->unset("x"); }, said},
               {"detach", [&] { tensor->detach(); }, said},
               {"view", [&] { tensor->view({1}); }, said},
               {"clone", [&] { tensor->clone(); }, said},
               {"copy_from", [&] { tensor->copy_from(whole); }, said},
               {"copy from it", [&] { whole.copy_from(*tensor); }, said},
               {"fill", [&] { tensor->fill(1); }, said},
               {"rebase", [&] { tensor->rebase(nullptr, whole.data()); }, said},
               {"requires_grad", [&] { static_cast<void>(tensor->requires_grad()); }, said},
               {"set_requires_grad", [&] { tensor->set_requires_grad(true); }, said},
               {"grad", [&] { static_cast<void>(tensor->grad()); }, said},
               {"zero_grad", [&] { tensor->zero_grad(); }, said},
               {"grad_buffer", [&] { tensor->grad_buffer(); }, said},
               {"mark_grad", [&] { tensor->mark_grad(); }, said},
               {"node", [&] { static_cast<void>(tensor->node()); }, said},
               {"set_node", [&] { tensor->set_node(nullptr); }, said},
               {"retain_grad", [&] { retain_grad(*tensor); }, said},
               {"retained_grad", [&] { retained_grad(*tensor); }, said},
               {"backward", [&] { tensor->backward(); }, "backward: the loss is undefined"},
               {"an operand", [&] { *tensor + whole; }, "left operand is undefined"},
               {"the other", [&] { whole** tensor; }, "right operand is undefined"}});
  }
}

TEST_CASE("misuse: elements that a tensor cannot have are refused") {
  Tensor two = Tensor::ones({2});
  real number = 0;
  check_all({{"negative size", [] { Tensor(Shape{-1}); }, "must not be negative"},
             {"too many values",
              [] {
                Tensor::from({1, 2, 3}, {2});
              },
              "holds 2 values: got 3"},
             {"no values", [] { Tensor::from(std::span<const real>(), {2}); }, "holds 2 values: got 0"},
             {"over nothing", [] { Tensor::over(nullptr, nullptr, {2}); }, "null pointer"},
             {"rebase to nothing", [&] { two.rebase(nullptr, nullptr); }, "null pointer"},
             {"item of two", [&] { static_cast<void>(two.item()); }, "has 2 elements, not one"},
             {"size 1", [&] { static_cast<void>(two.size(1)); }, "dimension 1 is out of range"},
             {"size -2", [&] { static_cast<void>(two.size(-2)); }, "dimension -2 is out of range"},
             {"view of three", [&] { two.view({3}); }, "view: shape [3] has 3 elements"},
             {"copy of three", [&] { two.copy_from(Tensor::ones({3})); }, "copy: shape [3] into shape [2]"},
             {"operands", [&] { two + Tensor::ones({3}); }, "[3]"}});
  CHECK(Tensor::over(nullptr, nullptr, {0}).numel() == 0);
  CHECK(Tensor::over(nullptr, &number, {}).item() == 0);
}

TEST_CASE("misuse: backward runs from a scalar with a graph, once") {
  const Tensor x = leaf({2}), y = ops::sum(x * x), two = x * x;
  y.backward();
  const Tensor none = ops::sum(Tensor::ones({2}));
  const Tensor empty = leaf({0}) * 2;
  const Tensor unseen = [&] {
    const NoGrad guard;
    return ops::sum(x);
  }();
  Tensor computed = x * 2;
  check_all(
      {{"again", [&] { y.backward(); }, "was freed by an earlier backward"},
       {"through what was freed", [&] { ops::sum(y * y).backward(); }, "was freed by an earlier backward"},
       {"a vector", [&] { two.backward(); }, "must be a scalar, this tensor has shape [2]"},
       {"no elements", [&] { empty.backward(); }, "must be a scalar, this tensor has shape [0]"},
       {"no graph", [&] { none.backward(); }, "nothing that requires grad"},
       {"under NoGrad", [&] { unseen.backward(); }, "nothing that requires grad"},
       {"a leaf", [&] { leaf({}).backward(); }, "there is no graph"},
       {"not a leaf", [&] { computed.set_requires_grad(false); }, "only a leaf may change it"}});
  CHECK(x.grad().to_vector() == std::vector<real>(2, 4));
}

TEST_CASE("misuse: an op that gives gradients as it cannot is named") {
  check_all({{"of another shape", backward_by([](auto&, auto& grads) { grads.give(0, Tensor::ones({2})); }),
              "wrong: the gradient of input 0 has shape [2], the input [3]"},
             {"undefined", backward_by([](auto&, auto& grads) { grads.give(0, Tensor()); }),
              "wrong: the gradient given to input 0 is undefined"},
             {"of an input that is not there", backward_by([](auto& g, auto& grads) { grads.give(1, g); }),
              "wrong: there is no input 1, the op was recorded with 1"},
             {"of input 8", backward_by([](auto& g, auto& grads) { grads.give(OpNode::max_inputs, g); }),
              "there is no input 8"},
             {"of input -1", backward_by([](auto&, auto& grads) { static_cast<void>(grads.wanted(-1)); }),
              "there is no input -1"},
             {"a slot of input 3", backward_by([](auto&, auto& grads) { grads.slot_if_wanted(3); }),
              "there is no input 3"},
             {"too many inputs",
              [] {
                const Tensor x = leaf({1});
                record(Many{}, x, x, x, x, x, x, x, x, x);
              },
              "many: at most 8 inputs can be differentiated"},
             {"a slot that is not wanted",
              [] { ops::sum(record(Greedy{}, leaf({3}), Tensor::ones({3}))).backward(); },
              "greedy: the gradient of input 1 is not wanted"}});
  const Tensor y = leaf({3}) * 2;
  check_all({{"no gradient", [&] { y.node()->run(); }, "mul: the gradient of the output is undefined"},
             {"no such input", [&] { y.node()->input_node(2); }, "mul: there is no input 2"},
             {"released",
              [&] {
                y.node()->release();
                y.node()->grad = Tensor::ones({3});
                y.node()->run();
              },
              "mul: the op was released"}});
}

TEST_CASE("misuse: gradcheck checks something, or says why not") {
  using Inputs = std::vector<Tensor>;
  const auto twice = [](const Inputs& inputs) { return inputs[0] * 2; };
  const auto with = [&](Tensor input) { return [=] { gradcheck(twice, {input}); }; };
  int calls = 0;
  Tensor kept = Tensor::from({1, 2}, {2}).set_requires_grad(true);
  check_all({{"no function", [] { gradcheck({}, {leaf({1})}); }, "gradcheck: a function is needed"},
             {"no inputs", [&] { gradcheck(twice, {}); }, "none of the 0 inputs requires grad"},
             {"no grad", with(Tensor::ones({2})), "none of the 1 inputs requires grad"},
             {"undefined", with(Tensor()), "gradcheck: input 0 is undefined"},
             {"computed", with(leaf({2}) * 3), "gradcheck: input 0 of shape [2] was computed"},
             {"no elements", with(leaf({0})), "of shape [0], has no elements"},
             {"step 0", [&] { gradcheck(twice, {leaf({1})}, 0); }, "gradcheck: a step of 0"},
             {"step nan", [&] { gradcheck(twice, {leaf({1})}, std::nan("")); }, "gradcheck: a step of nan"},
             {"gives nothing", [] { gradcheck([](const Inputs&) { return Tensor(); }, {leaf({1})}); },
              "gradcheck: what the function gave is undefined"},
             {"gives what does not depend on them",
              [] { gradcheck([](const Inputs&) { return Tensor::ones({2}); }, {leaf({1})}); },
              "of shape [2], was not computed from an input that requires grad"},
             {"gives other shapes in turn",
              [&] {
                gradcheck(
                    [&](const Inputs& inputs) { return inputs[0] * Tensor::ones({++calls == 1 ? 4 : 1}); },
                    {leaf({1})});
              },
              "the function gave a tensor of shape [4] and then one of shape [1]"},
             {"throws",
              [&] {
                calls = 0;
                gradcheck(
                    [&](const Inputs& inputs) {
                      if (++calls == 2) fail("enough");
                      return inputs[0] * 2;
                    },
                    {kept});
              },
              "enough"}});
  CHECK(kept.to_vector() == std::vector<real>{1, 2});  // put back, whatever happened
}
