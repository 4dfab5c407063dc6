#include <doctest/doctest.h>

#include <string>
#include <thread>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/sanitizer.hpp>
#include <fanin/ops/ops.hpp>

namespace fanin {
namespace {

Tensor leaf(std::initializer_list<real> values) {
  Tensor tensor = Tensor::from(values, {static_cast<Index>(values.size())});
  return tensor.set_requires_grad(true);
}

using Values = std::vector<real>;

/// The message of the Error that `f` throws; empty when it throws none.
template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a leaf gets the gradient of the loss") {
  const Tensor x = leaf({1, 2, 3});
  ops::sum(x * x).backward();
  CHECK(x.grad().to_vector() == Values{2, 4, 6});
}

TEST_CASE("a tensor that does not require grad gets none, and nothing is recorded for it") {
  const Tensor x = leaf({1, 2}), fixed = Tensor::from({3, 4}, {2});
  ops::sum(x * fixed).backward();
  CHECK(x.grad().to_vector() == Values{3, 4});
  CHECK_FALSE(fixed.grad().defined());
  CHECK_FALSE((fixed * fixed).requires_grad());
  CHECK((fixed * fixed).node() == nullptr);
}

TEST_CASE("two backward passes add up until zero_grad") {
  Tensor x = leaf({1, 2});
  ops::sum(x * 3).backward();
  ops::sum(x * x).backward();
  CHECK(x.grad().to_vector() == Values{5, 7});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  ops::sum(x * x).backward();
  CHECK(x.grad().to_vector() == Values{2, 4});
}

TEST_CASE("zero_grad keeps the gradient's buffer") {
  Tensor x = leaf({1, 2});
  ops::sum(x * x).backward();
  const real* before = std::as_const(x).grad().data();
  x.zero_grad();
  ops::sum(x * x).backward();
  CHECK(x.grad().data() == before);
}

TEST_CASE("under NoGrad nothing is recorded; guards nest") {
  const Tensor x = leaf({1, 2});
  {
    const NoGrad outer;
    {
      const NoGrad inner;
      CHECK_FALSE(grad_enabled());
    }
    CHECK_FALSE(grad_enabled());
    const Tensor y = ops::sum(x * x);
    CHECK_FALSE(y.requires_grad());
    CHECK(contains(message_of([&] { y.backward(); }), "NoGrad"));
  }
  CHECK(grad_enabled());
  CHECK((x * x).requires_grad());
}

TEST_CASE("NoGrad holds for its own thread only") {
  const NoGrad guard;
  bool enabled_there = false;
  std::thread([&] { enabled_there = grad_enabled(); }).join();
  CHECK(enabled_there);
}

TEST_CASE("a second backward through a freed graph is an error that says what to do") {
  const Tensor x = leaf({1, 2});
  const Tensor hidden = x * x;
  const Tensor loss = ops::sum(hidden);
  loss.backward();
  CHECK(contains(message_of([&] { loss.backward(); }), "backward(true)"));
  // A new loss on the freed part is one too, and leaves the gradients alone.
  const std::string message = message_of([&] { ops::mean(hidden).backward(); });
  CHECK(contains(message, "mul"));
  CHECK(contains(message, "freed"));
  CHECK(x.grad().to_vector() == Values{2, 4});
}

TEST_CASE("retain_graph keeps the graph for another backward") {
  const Tensor x = leaf({1, 2});
  const Tensor loss = ops::sum(ops::tanh(x * x) / x);
  loss.backward(true);
  const Values once = x.grad().to_vector();
  loss.backward();
  CHECK(x.grad().to_vector() == Values{2 * once[0], 2 * once[1]});
  CHECK_THROWS_AS(loss.backward(), Error);
}

TEST_CASE("backward from anything but a scalar is an error naming the shape") {
  const Tensor x = leaf({1, 2});
  CHECK(contains(message_of([&] { (x * x).backward(); }), "[2]"));
  CHECK(contains(message_of([&] { Tensor().backward(); }), "undefined"));
  CHECK(message_of([&] { Tensor::scalar(1).backward(); }) != "");
  CHECK(contains(message_of([&] { (x * x).set_requires_grad(false); }), "leaf"));
}

TEST_CASE("a tensor used several times gathers all its gradients") {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * 2;
  const Tensor left = ops::relu(y), right = y * y;
  ops::sum(left + right + y + x).backward();  // 2x + 4x² + 2x + x
  CHECK(x.grad().to_vector() == Values{5 + 8, 5 + 16});
}

TEST_CASE("one gradient handed to two inputs is not shared when another contribution is added to it") {
  const Tensor x = leaf({1, 2});
  const Tensor a = x * 1, b = x * 1;
  const Tensor both = a + b;         // gives its gradient on to a and to b
  const Tensor more = ops::relu(a);  // adds to a's alone
  ops::sum(both + more).backward();
  CHECK(x.grad().to_vector() == Values{3, 3});

  const Tensor y = leaf({1, 2});
  const Tensor c = y * 1;
  const Tensor seen = ops::reshape(c, {2, 1}), again = ops::reshape(c, {1, 2});
  ops::sum(ops::reshape(seen, {2}) * 3 + ops::reshape(again, {2}) + c).backward();
  CHECK(y.grad().to_vector() == Values{5, 5});
}

TEST_CASE("an op with one tensor as both inputs") {
  const Tensor x = leaf({3});
  (x + x).backward();
  CHECK(x.grad().item() == 2);
  const Tensor y = leaf({3});
  const Tensor z = y * 1;
  (z * z).backward();
  CHECK(y.grad().item() == 6);
}

TEST_CASE("part of a graph that does not reach a wanted leaf is left out") {
  const Tensor x = leaf({1, 2});
  Tensor frozen = Tensor::from({5, 6}, {2});
  const Tensor loss = ops::sum(x * (frozen * frozen));
  loss.backward();
  CHECK(x.grad().to_vector() == Values{25, 36});
  const Tensor y = leaf({1, 2});
  const Tensor cut = (y * y).detach();
  CHECK_FALSE(cut.requires_grad());
  ops::sum(y * cut).backward();
  CHECK(y.grad().to_vector() == Values{1, 4});
}

TEST_CASE("a graph built on two threads is differentiated in the right order") {
  const Tensor x = leaf({1, 2});
  Tensor far;
  std::thread([&] {
    far = x * 1;
    for (int i = 0; i < 1000; ++i) far = far * 1;  // this thread's count of ops runs ahead
  }).join();
  const Tensor middle = far * 2;
  const Tensor loss = ops::sum(middle * middle + far);
  loss.backward(true);
  CHECK(x.grad().to_vector() == Values{9, 17});
  std::thread([&] { loss.backward(); }).join();
  CHECK(x.grad().to_vector() == Values{18, 34});
}

TEST_CASE("a chain of 20,000 ops is differentiated and freed without recursion") {
  const Tensor x = leaf({1, 2});
  for (const bool run : {true, false}) {
    Tensor y = x;
    for (int i = 0; i < 20000; ++i) y = i % 2 ? ops::relu(y) : y + 0.0;
    if (run) ops::sum(y).backward();
  }
  CHECK(x.grad().to_vector() == Values{1, 1});
  Tensor kept = x;
  for (int i = 0; i < 20000; ++i) kept = kept * kept;
  const Tensor loss = ops::sum(kept);
  loss.backward(true);
}

TEST_CASE("a graph frees all it holds, whether or not it was differentiated") {
  const Tensor x = leaf({1, 2}), weight = leaf({3, 4});
  const auto step = [&](bool run) {
    const Tensor y = ops::softmax(ops::gelu(x * weight) / weight);
    const Tensor loss = ops::mse(y, x) + ops::sum(ops::concat({y, x}, 0));
    if (run) loss.backward();
  };
  step(true);
  step(false);
  // Whatever leaked would have to be asked for again.
  const std::uint64_t before = pool_system_allocations();
  for (int i = 0; i < 50; ++i) step(i % 2 == 0);
#if !FANIN_ASAN
  CHECK(pool_system_allocations() == before);
#else
  CHECK(pool_system_allocations() > before);
#endif
  CHECK(x.unique());
}

TEST_CASE("saved tensors are let go as the backward pass goes by") {
  const Tensor x = leaf({1, 2});
  Tensor loss;
  Tensor hidden = x * 2;
  loss = ops::sum(hidden * hidden);
  CHECK_FALSE(hidden.unique());
  loss.backward();
  CHECK(hidden.unique());
}

}  // namespace
}  // namespace fanin
