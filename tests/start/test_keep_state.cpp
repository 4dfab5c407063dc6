#include <doctest/doctest.h>

#include <fanin/fanin.hpp>
#include <fanin/start/keep_state.hpp>

using namespace fanin;

TEST_CASE("keep state: every layer is in its own mode again, a frozen one too, and nothing else has moved") {
  nn::Sequential net("fc1", nn::Linear(4, 3), "norm", nn::BatchNorm1d({.features = 3}), "drop",
                     nn::Dropout(0.5), "fc2", nn::Linear(3, 2));
  Generator generator(0);
  start::initialize(net, generator);
  net.train();
  net.children()[1].second->eval();  // as fine-tuning with frozen statistics has it
  net.parameter("fc1.weight")->value.set_requires_grad(false);
  const Tensor mean_before = net.named_buffers()[0].second.clone();
  const Tensor x = Tensor::full({5, 4}, 0.25);
  {
    const start::KeepState keep(net);
    for (const auto& one : net.named_modules()) CHECK(one.module->training());
    net(x);
  }
  for (const auto& one : net.named_modules()) {
    CAPTURE(one.name);
    CHECK(one.module->training() == (one.name != "norm"));
  }
  CHECK_FALSE(net.parameter("fc1.weight")->value.requires_grad());
  CHECK(net.parameter("fc2.weight")->value.requires_grad());
  for (Index i = 0; i < 3; ++i) CHECK(net.named_buffers()[0].second.data()[i] == mean_before.data()[i]);
}
