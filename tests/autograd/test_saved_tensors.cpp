// Writing over what a backward pass needs is refused; what it does not need may be written.
#include <doctest/doctest.h>

#include <fanin/autograd/node.hpp>
#include <fanin/init/scheme.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/misuse.hpp"

namespace fanin {
namespace {

Tensor leaf(std::initializer_list<real> values) { return Tensor::from(values).set_requires_grad(true); }

const char* const refusal = "as it was in the forward pass, and it was written over once since";

TEST_CASE("elements that were written over before a backward pass that needs them are an Error") {
  check_all({
      {"the output",
       [] {
         Tensor y = ops::exp(leaf({1, 2}));
         y.fill(0);
         ops::sum(y).backward();
       },
       "exp: backward needs a tensor of shape [2] as it was in the forward pass, and it was written over once since "
       "(fill, copy_from, an optimizer's step, load or initialize); call backward() first, or write to a clone()"},
      {"an input",
       [] {
         Tensor x = leaf({1, 2});
         const Tensor y = ops::log(x);
         x.copy_from(Tensor::from({3, 4}));
         ops::sum(y).backward();
       },
       refusal},
      {"a row",
       [] {
         const Tensor x = Tensor::full({2, 2}, 1).set_requires_grad(true);
         const Tensor y = ops::log(x);
         x.detach()[1].fill(2);
         ops::sum(y).backward();
       },
       refusal},
      {"another view",
       [] {
         Tensor x = leaf({1, 2}), seen = x.view({2, 1});
         const Tensor y = x * x;
         seen.fill(2);
         ops::sum(y).backward();
       },
       refusal},
      {"through a pointer, and told",
       [] {
         Tensor x = leaf({1, 2});
         const Tensor y = x * x;
         x.data()[0] = 5;
         x.mark_written();
         ops::sum(y).backward();
       },
       refusal},
      {"class weights",
       [] {
         Tensor weights = Tensor::from({1, 2});
         const Tensor loss = ops::cross_entropy(Tensor::zeros({1, 2}).set_requires_grad(true),
                                                std::vector<std::int32_t>{1}, {.class_weights = weights});
         weights.fill(0);
         loss.backward();
       },
       "cross_entropy: backward needs a tensor of shape [2]"},
      {"the weights of positives",
       [] {
         Tensor weights = Tensor::from({1, 2});
         const Tensor loss = ops::bce_with_logits(Tensor::zeros({1, 2}).set_requires_grad(true),
                                                  Tensor::zeros({1, 2}), weights);
         weights.fill(0);
         loss.backward();
       },
       refusal},
      {"a condition",
       [] {
         Tensor which = Tensor::from({1, 0});
         const Tensor y = ops::where(which, leaf({1, 2}), leaf({3, 4}));
         which.fill(1);
         ops::sum(y).backward();
       },
       refusal},
  });
}

struct Net {
  nn::Linear fc{3, 2};
  Net() {
    Generator generator(1);
    start::initialize(fc, generator);
  }
};

TEST_CASE("parameters that were written over between forward and backward are an Error") {
  const char* const said = "linear: backward needs a tensor of shape [2, 3]";
  const auto after = [](const auto& write) {
    Net net;
    const Tensor x = Tensor::full({4, 3}, 1).set_requires_grad(true), loss = ops::sum(ops::tanh(net.fc(x)));
    write(net.fc, loss);
    loss.backward();
  };
  check_all({
      {"a step before a second pass over one graph",
       [&] {
         after([](nn::Linear& fc, const Tensor& loss) {
           optim::Optimizer sgd(fc, {.lr = 0.1});
           loss.backward(true);
           sgd.step();
         });
       },
       said},
      {"values set",
       [&] { after([](nn::Linear& fc, const Tensor&) {
               fc.weight->set(Tensor::zeros({2, 3}));
             }); }, said},
      {"drawn again",
       [&] {
         after([](nn::Linear& fc, const Tensor&) {
           Generator generator(2);
           start::reinitialize(fc, "*=ones", generator);
         });
       },
       said},
  });
}

TEST_CASE("what a backward pass does not need may be written over") {
  const auto gradient = [](const auto& write) {
    Tensor x = leaf({1, 2});
    const Tensor y = write(x);
    ops::sum(y).backward();
    return x.grad().to_vector();
  };
  const auto zero = [](Tensor t) { t.fill(0); };
  CHECK(gradient([&](Tensor& x) {  // a sum needs neither
          const Tensor other = Tensor::from({3, 4});
          Tensor y = x + other;
          zero(x), zero(other);
          return y;
        }) == std::vector<real>{1, 1});
  CHECK(gradient([&](Tensor& x) {  // exp needs its output alone
          const Tensor z = x - Tensor::from({1, 2});
          Tensor y = ops::exp(z);
          zero(z);
          return y;
        }) == std::vector<real>{1, 1});
  CHECK(gradient([&](Tensor& x) {
          Tensor y = x * x;
          zero(y.clone());
          return y;
        }) == std::vector<real>{2, 4});
  CHECK(gradient([&](Tensor& x) {  // before the forward pass
          x.fill(3);
          return x * x;
        }) == std::vector<real>{6, 6});
  CHECK(gradient([&](Tensor& x) {  // x is kept for the gradient of a factor that has none
          Tensor y = x * Tensor::from({5, 7});
          zero(x);
          return y;
        }) == std::vector<real>{5, 7});
}

TEST_CASE("a step between forward and backward is none of what the first layer's weight needs") {
  Net net;
  const Tensor loss = ops::sum(net.fc(Tensor::full({4, 3}, 1)));  // data, which has no gradient
  net.fc.weight->set(Tensor::zeros({2, 3}));
  loss.backward();
  CHECK(net.fc.weight->value.grad().to_vector() == std::vector<real>(6, 4));
}

TEST_CASE("an optimizer that takes parameters in between forward and backward writes nothing over") {
  Net net;
  Tensor x = Tensor::full({4, 3}, 1).set_requires_grad(true);
  const Tensor loss = ops::sum(net.fc(x));
  const optim::Optimizer sgd(net.fc, {.lr = 0.1});
  loss.backward();
  CHECK(x.grad().defined());
}

TEST_CASE("versions count what was written, for all that see it") {
  Tensor x = Tensor::zeros({2, 2});
  const std::uint32_t before = x.version();
  Tensor row = x[0], whole = x.view({4});
  row.fill(1);
  CHECK(x.version() == before + 1);
  whole.copy_from(Tensor::from({1, 2, 3, 4}));
  CHECK(row.version() == before + 2);
  CHECK(x.clone().version() < row.version());
  auto owner = std::make_shared<std::vector<real>>(4);
  x.rebase(owner, owner->data());
  CHECK(x.version() == before + 2);
  Tensor over = Tensor::over(owner, owner->data(), {4});
  const std::uint32_t start = over.version();
  over.detach().fill(7);
  CHECK(over.version() == start + 1);
}

}  // namespace
}  // namespace fanin
