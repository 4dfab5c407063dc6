// Linear, matmul, convolutions and pools: autograd's gradients against central differences.
#include <doctest/doctest.h>

#include "tests/double/gradcheck_inputs.hpp"

namespace fanin::gradcheck_test {
namespace {

using Kind = ops::Activation::Kind;

const std::vector<ops::Activation> activations = {{Kind::none},
                                                  {Kind::relu},
                                                  {Kind::leaky_relu, real(0.1)},
                                                  {Kind::elu, real(0.7)},
                                                  {Kind::leaky_relu, real(-0.1)},
                                                  {Kind::elu, -0.5},
                                                  {Kind::selu},
                                                  {Kind::gelu},
                                                  {Kind::sigmoid},
                                                  {Kind::tanh},
                                                  {Kind::softplus, 2},
                                                  {Kind::silu},
                                                  {Kind::sine, 3},
                                                  {Kind::mish},
                                                  {Kind::relu6},
                                                  {Kind::hardtanh},
                                                  {Kind::hardswish},
                                                  {Kind::softsign}};

TEST_CASE("linear with each fused activation") {
  for (const auto activation : activations) {
    CAPTURE(static_cast<int>(activation.kind));
    CHECK(gradcheck([&](const Inputs& in) { return ops::linear(in[0], in[1], in[2], activation); },
                    {random({4, 5}, 1), random({3, 5}, 2), random({3}, 3)}) < bound);
  }
}

TEST_CASE("linear without bias, over more than two dimensions, and with one tensor as input and weight") {
  CHECK(gradcheck([](const Inputs& in) { return ops::linear(in[0], in[1]); },
                  {random({2, 3, 4}, 1), random({5, 4}, 2)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return ops::linear(in[0], in[1]); },
                  {random({4}, 1), random({5, 4}, 2)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return ops::linear(in[0], in[0]); }, {random({4, 4}, 1)}) < bound);
}

TEST_CASE("conv2d with each fused activation") {
  for (const auto activation : activations) {
    CAPTURE(static_cast<int>(activation.kind));
    CHECK(gradcheck(
              [&](const Inputs& in) {
                return ops::conv2d(in[0], in[1], in[2], {.padding = 1, .activation = activation});
              },
              {random({2, 2, 4, 4}, 1), random({3, 2, 3, 3}, 2), random({3}, 3)}) < bound);
  }
}

TEST_CASE("conv2d_relu_max_pool, with even planes in one pass and with odd ones op by op") {
  for (const Index width : {8, 9}) {
    CAPTURE(width);
    // Filters of one tap each, apart in size: no window has two pixels within a step of each other.
    const Tensor w = Tensor::from(std::vector{0.9, -1.1, 1.3, 0.7}, {2, 2, 1, 1}).set_requires_grad(true);
    const Tensor bias = Tensor::from(std::vector{0.0031, -0.0017}, {2}).set_requires_grad(true);
    CHECK(gradcheck([&](const Inputs& in) { return ops::conv2d_relu_max_pool(in[0], in[1], in[2]); },
                    {distinct({2, 2, 6, width}, 5), w, bias}) <= bound);
  }
  if (!gradcheck_in_double) return;  // a float's step changes which pixel is a window's largest
  CHECK(
      gradcheck([&](const Inputs& in) { return ops::conv2d_relu_max_pool(in[0], in[1], {}, {.padding = 1}); },
                {random({2, 3, 6, 4}, 7), random({10, 3, 3, 3}, 8)}) <= bound);
}

TEST_CASE("conv2d where it is computed by Winograd's transform, with and without a pool behind") {
  const Inputs in = {random({1, 16, 2, 12}, 1), random({16, 16, 3, 3}, 2), random({16}, 3)};
  CHECK(gradcheck([&](const Inputs& i) { return ops::conv2d(i[0], i[1], i[2], {.padding = 1}); }, in) <=
        bound);
  if (!gradcheck_in_double) return;
  const Inputs pooled = {random({1, 16, 2, 14}, 4), random({16, 16, 3, 3}, 5)};
  CHECK(gradcheck([&](const Inputs& i) { return ops::conv2d_relu_max_pool(i[0], i[1], {}, {.padding = 1}); },
                  pooled) <= bound);
}

TEST_CASE("conv2d with stride, padding, dilation and groups, also uneven, also without bias") {
  const std::vector<ops::Conv2dOptions> cases = {
      {.stride = 2},
      {.padding = {2, 1}},
      {.dilation = {1, 2}},
      {.groups = 2},
      {.stride = {2, 1}, .padding = {1, 2}, .dilation = {2, 1}, .groups = 2},
      {.stride = 3, .padding = 4, .groups = 4}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    const auto& options = cases[i];
    const Shape weight{4, 4 / options.groups, 3, 2};
    const auto f = [&](const Inputs& in) {
      return ops::conv2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), options);
    };
    CHECK(gradcheck(f, {random({2, 4, 7, 6}, 1), random(weight, 2), random({4}, 3)}) < bound);
    CHECK(gradcheck(f, {random({1, 4, 7, 6}, 1), random(weight, 2)}) < bound);
  }
}

TEST_CASE("conv_transpose2d with stride, padding, output padding, dilation and groups") {
  const std::vector<ops::ConvTranspose2dOptions> cases = {
      {},
      {.stride = 2, .padding = 1, .output_padding = 1},
      {.stride = {1, 3}, .padding = {0, 1}, .output_padding = {0, 2}, .dilation = {2, 1}},
      {.padding = 1, .output_padding = {2, 0}, .dilation = {3, 1}},
      {.stride = 2, .groups = 2}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    const auto& options = cases[i];
    const auto f = [&](const Inputs& in) {
      return ops::conv_transpose2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), options);
    };
    CHECK(gradcheck(f, {random({2, 4, 3, 4}, 1), random({4, 3, 3, 2}, 2), random({3 * options.groups}, 3)}) <
          bound);
    CHECK(gradcheck(f, {random({1, 4, 3, 4}, 1), random({4, 3, 3, 2}, 2)}) < bound);
  }
}

TEST_CASE("max_pool2d and avg_pool2d with overlapping and padded windows") {
  const std::vector<ops::Pool2dOptions> cases = {
      {},
      {.kernel = 3, .stride = 2, .padding = 1},
      {.kernel = {2, 3}, .stride = ops::Pair{1, 2}, .padding = {1, 0}},
      {.kernel = 3, .stride = 1}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    CHECK(gradcheck([&](const Inputs& in) { return ops::max_pool2d(in[0], cases[i]); },
                    {distinct({2, 3, 7, 6}, 1)}) < bound);
    CHECK(gradcheck([&](const Inputs& in) { return ops::avg_pool2d(in[0], cases[i]); },
                    {random({2, 3, 7, 6}, 1)}) < bound);
  }
}

TEST_CASE("adaptive_avg_pool2d to sizes that do and do not divide the plane") {
  for (const ops::Pair output : {ops::Pair{1}, {3, 2}, {4, 5}, {7, 6}, {9, 1}}) {
    CAPTURE(output.h);
    CHECK(gradcheck([&](const Inputs& in) { return ops::adaptive_avg_pool2d(in[0], output); },
                    {random({2, 2, 7, 6}, 1)}) < bound);
  }
}

}  // namespace
}  // namespace fanin::gradcheck_test
