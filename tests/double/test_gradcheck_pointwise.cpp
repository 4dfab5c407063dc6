// Activations, arithmetic with broadcasting and the ops that only move elements.
#include <doctest/doctest.h>

#include "tests/double/gradcheck_inputs.hpp"

namespace fanin::gradcheck_test {
namespace {

TEST_CASE("activations, away from their kinks") {
  const std::vector<std::function<Tensor(const Tensor&)>> activations = {
      [](const Tensor& x) { return ops::relu(x); },
      [](const Tensor& x) { return ops::leaky_relu(x); },
      [](const Tensor& x) { return ops::leaky_relu(x, -0.3); },
      [](const Tensor& x) { return ops::elu(x); },
      [](const Tensor& x) { return ops::elu(x, 0.4); },
      [](const Tensor& x) { return ops::selu(x); },
      [](const Tensor& x) { return ops::gelu(x); },
      [](const Tensor& x) { return ops::sigmoid(x); },
      [](const Tensor& x) { return ops::tanh(x); },
      [](const Tensor& x) { return ops::softplus(x); },
      [](const Tensor& x) { return ops::softplus(x, 30); },
      [](const Tensor& x) { return ops::silu(x); },
      [](const Tensor& x) { return ops::sine(x, 5); },
      [](const Tensor& x) { return ops::mish(x); }};
  for (std::size_t i = 0; i < activations.size(); ++i) {
    CAPTURE(i);
    CHECK(gradcheck([&](const Inputs& in) { return activations[i](in[0]); }, {distinct({5, 20}, 1)}) < bound);
    CHECK(gradcheck([&](const Inputs& in) { return in[0] * activations[i](in[0]); }, {distinct({5, 20}, 1)}) <
          bound);
  }
}

TEST_CASE("prelu with one slope and with one a channel") {
  const auto f = [](const Inputs& in) { return ops::prelu(in[0], in[1]); };
  CHECK(gradcheck(f, {distinct({3, 4, 2, 2}, 1), random({1}, 2)}) < bound);
  CHECK(gradcheck(f, {distinct({3, 4, 2, 2}, 1), random({4}, 2)}) < bound);
  CHECK(gradcheck(f, {distinct({3, 4}, 1), random({4}, 2)}) < bound);
  CHECK(gradcheck(f, {distinct({5}, 1), random({1}, 2)}) < bound);
}

TEST_CASE("arithmetic in every way two shapes broadcast") {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{2, 3}, {2, 3}},
                                                       {{2, 3}, {3}},
                                                       {{3}, {2, 3}},
                                                       {{2, 3}, {2, 1}},
                                                       {{2, 1}, {1, 3}},
                                                       {{2, 3, 4}, {3, 1}},
                                                       {{2, 3}, {}},
                                                       {{}, {2, 3}},
                                                       {{2, 1, 4, 1}, {3, 1, 5}},
                                                       {{1, 3, 1, 1}, {2, 3, 2, 2}},
                                                       {{}, {}},
                                                       {{1}, {1, 1}}};
  for (const auto& [the_a, the_b] : shapes) {
    const auto& a = the_a;  // clang 14 captures no structured binding
    const auto& b = the_b;
    CAPTURE(a.to_string());
    CAPTURE(b.to_string());
    const Inputs inputs = {random(a, 1), random(b, 2, 0.5, 2)};
    CHECK(gradcheck([](const Inputs& in) { return in[0] + in[1]; }, inputs) < bound);
    CHECK(gradcheck([](const Inputs& in) { return in[0] - in[1]; }, inputs) < bound);
    CHECK(gradcheck([](const Inputs& in) { return in[0] * in[1]; }, inputs) < bound);
    CHECK(gradcheck([](const Inputs& in) { return in[0] / in[1]; }, inputs) < bound);
  }
}

TEST_CASE("arithmetic with one operand fixed, with numbers, and with a tensor on both sides") {
  Tensor fixed = random({3}, 3, 0.5, 2);
  fixed.set_requires_grad(false);
  CHECK(gradcheck([&](const Inputs& in) { return fixed * in[0] / fixed - fixed / in[0] + in[0] - fixed; },
                  {random({2, 3}, 1, 0.5, 2)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return 2 - (3 * in[0] + 1) / 4 + 1 / (in[0] - 5) + -in[0] * 0.5; },
                  {random({2, 3}, 1)}) < bound);
  CHECK(
      gradcheck(
          [](const Inputs& in) { return in[0] * in[0] + in[0] / in[0] + (in[0] - in[0]) + (in[0] + in[0]); },
          {random({2, 3}, 1, 0.5, 2)}) < bound);
}

TEST_CASE("reshape, flatten, transpose, concat and slice") {
  CHECK(gradcheck(
            [](const Inputs& in) {
              return ops::reshape(in[0], {4, 3}) * ops::reshape(in[0], {4, 3});
            },
            {random({2, 3, 2}, 1)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return ops::flatten(in[0]); }, {random({2, 3, 2}, 1)}) < bound);
  for (const auto& [the_d0, the_d1] : {std::pair{0, 1}, {0, 3}, {1, 2}, {-1, -2}, {3, 1}, {2, 2}}) {
    const auto& d0 = the_d0;  // clang 14 captures no structured binding
    const auto& d1 = the_d1;
    CAPTURE(d0);
    CAPTURE(d1);
    CHECK(gradcheck([&](const Inputs& in) { return ops::transpose(in[0], d0, d1); },
                    {random({2, 3, 17, 2}, 1)}) < bound);
    CHECK(gradcheck(
              [&](const Inputs& in) { return ops::transpose(in[0], d0, d1) + ops::transpose(in[0], d1, d0); },
              {random({2, 3, 17, 2}, 1)}) < bound);
  }
  for (const int dim : {0, 1, 2, -1}) {
    CAPTURE(dim);
    CHECK(gradcheck(
              [&](const Inputs& in) {
                return ops::concat({in[0], in[1], in[0]}, dim);
              },
              {random({2, 3, 2}, 1), random({2, 3, 2}, 2)}) < bound);
    CHECK(gradcheck([&](const Inputs& in) { return ops::slice(in[0], dim, 1, 2); }, {random({3, 3, 4}, 1)}) <
          bound);
    CHECK(gradcheck(
              [&](const Inputs& in) { return ops::slice(in[0], dim, 0, 2) * ops::slice(in[0], dim, 1, 3); },
              {random({3, 3, 4}, 1)}) < bound);
  }
}

}  // namespace
}  // namespace fanin::gradcheck_test
