// Modules of several tensors: the gradients of their inputs and of the parameters that their parts share.
#include <doctest/doctest.h>

#include "tests/double/gradcheck_inputs.hpp"
#include "tests/nn/several_tensors.hpp"

namespace fanin::gradcheck_test {
namespace {

/// The module's parameters, with values; behind `inputs`, so that all are checked.
Inputs with_parameters(nn::Module& module, Inputs inputs) {
  for (const auto& one : module.named_parameters()) {
    one.parameter->value.copy_from(random(one.parameter->value.shape(), inputs.size()));
    one.parameter->origin = nn::Origin::loaded;
    inputs.push_back(one.parameter->value);
  }
  return inputs;
}

TEST_CASE("a siamese net: the shared tower gathers both sides' gradients") {
  Siamese net;
  CHECK(gradcheck(
            [&](const Inputs& in) {
              return net({in[0], in[1]})[0];
            },
            with_parameters(net, {random({4, 6}, 1), random({4, 6}, 2)})) < bound);
}

TEST_CASE("a net with two heads: the trunk gathers both heads' gradients") {
  TwoHeaded net;
  CHECK(gradcheck(
            [&](const Inputs& in) {
              const std::vector<Tensor> heads = net({in[0]});
              return ops::concat({heads[0], heads[1]}, 1);
            },
            with_parameters(net, {random({4, 6}, 1)})) < bound);
}

}  // namespace
}  // namespace fanin::gradcheck_test
