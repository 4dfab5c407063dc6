// Pointwise functions, selections and further losses: autograd's gradients against central differences.
#include <doctest/doctest.h>

#include "tests/double/gradcheck_inputs.hpp"

namespace fanin::gradcheck_test {
namespace {

double check(Tensor (*op)(const Tensor&), const Tensor& x) {
  return gradcheck([op](const Inputs& in) { return op(in[0]); }, {x});
}

TEST_CASE("exp, log, sqrt, abs, pow, clamp") {
  const Tensor positive = random({3, 4}, 1, 0.3, 3);
  CHECK(check(ops::exp, random({3, 4}, 2)) < bound);
  CHECK(check(ops::log, positive) < bound);
  CHECK(check(ops::sqrt, positive) < bound);
  CHECK(check(ops::abs, distinct({3, 4}, 3)) < bound);
  for (const double exponent : {2.0, 0.5, -1.5, 1.0, 0.0}) {
    CAPTURE(exponent);
    CHECK(gradcheck([&](const Inputs& in) { return ops::pow(in[0], exponent); }, {positive}) < bound);
  }
  CHECK(gradcheck([](const Inputs& in) { return ops::pow(in[0], 3); }, {distinct({3, 4}, 4)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return ops::clamp(in[0], -0.06, 0.04); }, {distinct({3, 4}, 5)}) <
        bound);
}

TEST_CASE("max and min, over all and along a dimension") {
  const Tensor x = distinct({3, 4, 2}, 1);
  CHECK(check(ops::max, x) < bound);
  CHECK(check(ops::min, x) < bound);
  for (const int dim : {0, 1, -1}) {
    CAPTURE(dim);
    CHECK(gradcheck([&](const Inputs& in) { return ops::max(in[0], dim); }, {x}) < bound);
    CHECK(gradcheck([&](const Inputs& in) { return ops::min(in[0], dim, true); }, {x}) < bound);
  }
}

TEST_CASE("where, gather, permute, stack, rows, batched matmul") {
  const Tensor condition = Tensor::from({1, 0, 0, 1}, {4});
  CHECK(gradcheck([&](const Inputs& in) { return ops::where(condition, in[0], in[1]); },
                  {random({3, 4}, 1), random({3, 1}, 2)}) < bound);
  const Tensor index = Tensor::from({2, 0, 1, 1, 1, 2}, {3, 2});
  CHECK(gradcheck([&](const Inputs& in) { return ops::gather(in[0], 0, index); }, {random({3, 4}, 3)}) <
        bound);
  CHECK(gradcheck(
            [](const Inputs& in) {
              return ops::permute(in[0], {2, 0, 1});
            },
            {random({3, 4, 2}, 4)}) < bound);
  // each twice, so that gradients are added to one another
  CHECK(gradcheck(
            [](const Inputs& in) {
              return ops::permute(in[0], {1, 0}) * ops::permute(in[0], {1, 0});
            },
            {random({3, 4}, 5)}) < bound);
  CHECK(gradcheck(
            [](const Inputs& in) {
              return ops::stack({in[0], in[1], in[0]}, 1);
            },
            {random({3, 4}, 6), random({3, 4}, 7)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return in[0][1] * in[0][{0, 2}]; }, {random({3, 4}, 8)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return ops::matmul(in[0], in[1]); },
                  {random({2, 3, 4, 2}, 9), random({2, 3, 2, 3}, 10)}) < bound);
  for (const auto& [a, b] : {std::pair<Shape, Shape>{{2, 1, 4, 3}, {5, 3, 2}},
                             {{4, 3}, {2, 3, 2}},
                             {{3}, {2, 3, 2}},
                             {{2, 4, 3}, {3}},
                             {{3}, {3}}})
    CHECK(gradcheck([](const Inputs& in) { return ops::matmul(in[0], in[1]) * ops::matmul(in[0], in[1]); },
                    {random(a, 12), random(b, 13)}) < bound);
  CHECK(
      gradcheck([](const Inputs& in) { return ops::exp(in[0]) + ops::abs(in[0]) + ops::clamp(in[0], -9, 9); },
                {distinct({3, 4}, 11)}) < bound);
}

TEST_CASE("l1, huber, bce_with_logits, kl_div, nll, soft labels") {
  const Tensor x = distinct({3, 4}, 1), far = random({3, 4}, 2, 0.5, 2);
  CHECK(gradcheck([](const Inputs& in) { return ops::l1(in[0], in[1]); }, {x, far}) < bound);
  for (const double delta : {0.7, 5.0}) {
    CHECK(gradcheck([&](const Inputs& in) { return ops::huber(in[0], in[1], delta); }, {x, far}) < bound);
  }
  const Tensor shares = random({3, 4}, 3, 0.1, 0.9), weights = Tensor::from({0.5, 1, 2, 3}, {4});
  for (const Tensor& weight : {Tensor(), weights}) {
    CHECK(gradcheck([&](const Inputs& in) { return ops::bce_with_logits(in[0], in[1], weight); },
                    {random({3, 4}, 4, -3, 3), shares}) < bound);
    for (const double smoothing : {0.0, 0.2}) {
      CHECK(gradcheck(
                [&](const Inputs& in) {
                  return ops::cross_entropy(in[0], in[1],
                                            {.label_smoothing = smoothing, .class_weights = weight});
                },
                {random({3, 4}, 5, -3, 3), shares}) < bound);
    }
    const std::vector<std::int32_t> labels = {2, 0, 3};
    CHECK(gradcheck(
              [&](const Inputs& in) {
                return ops::nll(in[0], labels, {.class_weights = weight, .ignore_index = 0});
              },
              {random({3, 4}, 6)}) < bound);
  }
  CHECK(gradcheck([](const Inputs& in) { return ops::kl_div(in[0], in[1]); },
                  {random({3, 4}, 7, -3, -1), shares}) < bound);
}

}  // namespace
}  // namespace fanin::gradcheck_test
