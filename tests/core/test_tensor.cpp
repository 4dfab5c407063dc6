// An undefined tensor, however it came about, is refused by everything but `defined()`; and the elements a
// tensor is put over.
#include <doctest/doctest.h>

#include <functional>
#include <memory>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>

#include "tests/message.hpp"

namespace fanin {
namespace {

std::vector<std::pair<std::string, std::function<void(Tensor&)>>> uses() {
  return {{"shape", [](Tensor& x) { static_cast<void>(x.shape()); }},
          {"size", [](Tensor& x) { static_cast<void>(x.size(0)); }},
          {"rank", [](Tensor& x) { static_cast<void>(x.rank()); }},
          {"numel", [](Tensor& x) { static_cast<void>(x.numel()); }},
          {"data", [](Tensor& x) { static_cast<void>(x.data()); }},
          {"const data", [](Tensor& x) { static_cast<void>(std::as_const(x).data()); }},
          {"values", [](Tensor& x) { static_cast<void>(x.values()); }},
          {"const values", [](Tensor& x) { static_cast<void>(std::as_const(x).values()); }},
          {"to_vector", [](Tensor& x) { static_cast<void>(x.to_vector()); }},
          {"item", [](Tensor& x) { static_cast<void>(x.item()); }},
          {"detach", [](Tensor& x) { static_cast<void>(x.detach()); }},
          {"view", [](Tensor& x) { static_cast<void>(x.view({})); }},
          {"clone", [](Tensor& x) { static_cast<void>(x.clone()); }},
          {"copy_from", [](Tensor& x) { x.copy_from(Tensor::scalar(1)); }},
          {"copied from", [](Tensor& x) { Tensor::scalar(1).copy_from(x); }},
          {"fill", [](Tensor& x) { x.fill(1); }},
          {"rebase",
           [](Tensor& x) {
             real place = 0;
             x.rebase({}, &place);
           }},
          {"requires_grad", [](Tensor& x) { static_cast<void>(x.requires_grad()); }},
          {"set_requires_grad", [](Tensor& x) { x.set_requires_grad(true); }},
          {"grad", [](Tensor& x) { static_cast<void>(x.grad()); }},
          {"zero_grad", [](Tensor& x) { x.zero_grad(); }},
          {"grad_buffer", [](Tensor& x) { x.grad_buffer(); }},
          {"mark_grad", [](Tensor& x) { x.mark_grad(); }},
          {"node", [](Tensor& x) { static_cast<void>(x.node()); }},
          {"set_node", [](Tensor& x) { x.set_node({}); }},
          {"backward", [](Tensor& x) { x.backward(); }},
          {"retain_grad", [](Tensor& x) { retain_grad(x); }},
          {"retained_grad", [](Tensor& x) { static_cast<void>(retained_grad(x)); }}};
}

TEST_CASE("every use of an undefined tensor is an Error") {
  for (const auto& [the_name, the_use] : uses()) {
    const auto& name = the_name;  // clang 14 captures no structured binding
    const auto& use = the_use;
    CAPTURE(name);
    Tensor made_so;
    CHECK(holds(message([&] { use(made_so); }), "undefined"));
    Tensor source = Tensor::scalar(2);
    const Tensor taken = std::move(source);
    CHECK(
        holds(message([&] { use(source); }), "undefined"));  // NOLINT(bugprone-use-after-move): what is tried
    Tensor no_gradient = Tensor::scalar(3).set_requires_grad(true).grad();
    CHECK(holds(message([&] { use(no_gradient); }), "undefined"));
    CHECK(taken.item() == 2);
  }
  CHECK(holds(message([] { Tensor().shape(); }),
              "default-made or moved from, or is a gradient that no backward pass has filled"));
}

TEST_CASE("an undefined tensor may be copied, moved, assigned to and compared") {
  Tensor none, copy = none, moved = std::move(copy);
  CHECK(!moved.defined());
  CHECK(moved.same_as(none));
  none = Tensor::scalar(4);
  CHECK(none.item() == 4);
  CHECK(!Tensor::scalar(1).same_as(Tensor()));
}

TEST_CASE("a tensor is not put over a null pointer, unless it has no elements") {
  CHECK(holds(message([] { Tensor::over({}, nullptr, {2, 3}); }), "[2, 3]"));
  CHECK(Tensor::over({}, nullptr, {0, 3}).numel() == 0);
  Tensor x = Tensor::full({2}, 5);
  CHECK(holds(message([&] { x.rebase({}, nullptr); }), "[2]"));
  CHECK(x.data()[1] == 5);
}

}  // namespace
}  // namespace fanin
