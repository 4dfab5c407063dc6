// Pointwise functions, selections and losses at their edges, and what they refuse.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include <fanin/ops/ops.hpp>

#include "tests/misuse.hpp"

namespace fanin {
namespace {

const real nan = NAN, inf = HUGE_VALF;

std::vector<real> gradient(Tensor x, Tensor (*op)(const Tensor&)) {
  x.set_requires_grad(true);
  ops::sum(op(x)).backward();
  return x.grad().to_vector();
}

}  // namespace

TEST_CASE("pointwise: the edges of their domains, as in PyTorch") {
  const Tensor x = Tensor::from({-1, 0, 4, inf}, {4});
  CHECK(std::isnan(ops::log(x)[0].item()));
  CHECK(ops::log(x)[1].item() == -inf);
  CHECK(std::isnan(ops::sqrt(x)[0].item()));
  CHECK(ops::sqrt(x)[2].item() == 2);
  CHECK(gradient(Tensor::from({-2, 0, 3}, {3}), ops::abs) == std::vector<real>{-1, 0, 1});
  CHECK(gradient(Tensor::scalar(0), ops::sqrt)[0] == inf);
  CHECK(std::isnan(ops::clamp(Tensor::scalar(nan), 0, 1).item()));
  CHECK(ops::pow(Tensor::scalar(0), 0).item() == 1);
  CHECK(ops::exp(Tensor(Shape{0, 2})).numel() == 0);
}

TEST_CASE("max, min and their places: NaN wins, the first of equals, an equal share of the gradient") {
  const Tensor x = Tensor::from({1, 3, 3, 0, nan, 5}, {2, 3});
  CHECK(ops::argmax(x, 1).to_vector() == std::vector<real>{1, 1});
  CHECK(ops::max(x, 1)[0].item() == 3);
  CHECK(std::isnan(ops::max(x).item()));
  CHECK(ops::argmin(x, 0, true).shape() == Shape{1, 3});
  CHECK(ops::argmin(x).item() == 4);
  CHECK(ops::max(x, 0, true).shape() == Shape{1, 3});
  CHECK(gradient(Tensor::from({2, 1, 2, 2}, {4}), ops::max) ==
        std::vector<real>{real(1) / 3, 0, real(1) / 3, real(1) / 3});
  CHECK_FALSE(ops::argmax(Tensor::ones({2}).set_requires_grad(true)).requires_grad());
}

TEST_CASE("a scalar may be reduced along its dimension 0 or -1, which is itself, as in PyTorch") {
  for (const int dim : {0, -1}) {
    Tensor x = Tensor::scalar(3).set_requires_grad(true);
    const Tensor all = ops::sum(x, dim) + ops::mean(x, dim, true) + ops::max(x, dim) + ops::min(x, dim);
    CHECK(all.shape() == Shape{});
    CHECK(all.item() == 12);
    all.backward();
    CHECK(x.grad().item() == 4);
    CHECK(ops::argmax(x, dim).item() == 0);
    CHECK(ops::softmax(x, dim).shape() == Shape{});
    CHECK(ops::softmax(x, dim).item() == 1);
    CHECK(ops::log_softmax(x, dim).item() == 0);
  }
  CHECK(holds(message([] { ops::sum(Tensor::scalar(1), 1); }), "dimension 1 is out of range for shape []"));
  CHECK(holds(message([] { ops::softmax(Tensor::scalar(1), -2); }), "softmax: dimension -2 is out of range"));
}

TEST_CASE("matmul: sizes in front broadcast, and a vector is a row or a column") {
  std::vector<int> count(60);
  std::iota(count.begin(), count.end(), -20);
  const auto some = [&](const Shape& shape) {
    return Tensor::from(std::span<const int>(count).first(static_cast<std::size_t>(shape.numel())), shape);
  };
  // each matrix as it is found by hand
  const Tensor a = some({2, 1, 2, 3}), b = some({4, 3, 2}), y = ops::matmul(a, b);
  REQUIRE(y.shape() == Shape{2, 4, 2, 2});
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 4; ++j) CHECK(y[i][j].to_vector() == ops::matmul(a[i][0], b[j]).to_vector());
  const Tensor left = ops::matmul(a[1][0], b);
  CHECK(left.shape() == Shape{4, 2, 2});
  CHECK(left.to_vector() == y[1].to_vector());
  const Tensor row = Tensor::from({1, 2, 3}, {3}), column = Tensor::from({1, -1}, {2});
  CHECK(ops::matmul(row, row).shape() == Shape{});
  CHECK(ops::matmul(row, row).item() == 14);
  CHECK(ops::matmul(row, b).shape() == Shape{4, 2});
  CHECK(ops::matmul(row, b)[3].to_vector() == ops::matmul(row, b[3]).to_vector());
  CHECK(ops::matmul(b, column).shape() == Shape{4, 3});
  CHECK(ops::matmul(b, column).to_vector() == std::vector<real>(12, -1));
  CHECK(ops::matmul(b[0], column).to_vector() == std::vector<real>(3, -1));
  // of none, and the gradient of what none of them used
  Tensor unused = Tensor::ones({1, 2, 3}).set_requires_grad(true);
  const Tensor none = ops::matmul(unused, Tensor(Shape{0, 3, 4}));
  CHECK(none.shape() == Shape{0, 2, 4});
  ops::sum(none).backward();
  CHECK(unused.grad().to_vector() == std::vector<real>(6, 0));
}

TEST_CASE("losses: where logs and exponentials would overflow, and a target of 0") {
  const Tensor x = Tensor::from({500, -500, 0}, {3});
  CHECK(ops::bce_with_logits(x, Tensor::from({1, 0, 1}, {3})).item() == doctest::Approx(std::log(2.0) / 3));
  CHECK(ops::bce_with_logits(x, Tensor::from({0, 1, 1}, {3})).item() ==
        doctest::Approx((1000 + std::log(2.0)) / 3));
  const Tensor logs = Tensor::from({-1, -2}, {1, 2}).set_requires_grad(true);
  CHECK_THROWS_WITH_AS(ops::kl_div(logs, Tensor::from({real(NAN), 1}, {1, 2})),
                       doctest::Contains("no probability"), Error);
  const Tensor divergence = ops::kl_div(logs, Tensor::from({0, 1}, {1, 2}));
  CHECK(divergence.item() == 2);
  divergence.backward();
  CHECK(logs.grad().to_vector() == std::vector<real>{0, -1});
  const std::vector<std::int32_t> labels = {0, 1};
  const Tensor logits = Tensor::from({1, 2, 3, -1}, {2, 2}), hard = Tensor::from({1, 0, 0, 1}, {2, 2});
  CHECK(ops::cross_entropy(logits, hard).item() ==
        doctest::Approx(ops::cross_entropy(logits, labels).item()));
  CHECK(ops::nll(ops::log_softmax(logits), labels).item() ==
        doctest::Approx(ops::cross_entropy(logits, labels).item()));
}

TEST_CASE("selection and losses: Errors name what does not fit") {
  const Tensor x = Tensor::ones({2, 3}), y = Tensor::ones({3, 2});
  const std::vector<std::int32_t> labels = {0, 3};
  check_all({
      {"exp", [] { ops::exp(Tensor()); }, "exp: input is undefined"},
      {"clamp", [&] { ops::clamp(x, 2, 1); }, "least value 2 must not be above the most, 1"},
      {"clamp nan", [&] { ops::clamp(x, NAN, 1); }, "clamp: the least value nan"},
      {"max of none",
       [] {
         ops::max(Tensor(Shape{0, 2}));
       },
       "max: input [0, 2] has no elements"},
      {"max along none",
       [] {
         ops::max(Tensor(Shape{2, 0}), 1);
       },
       "dimension 1 of input [2, 0]"},
      {"argmax", [&] { ops::argmax(x, 2); }, "argmax: dimension 2 is out of range for shape [2, 3]"},
      {"where", [&] { ops::where(x, x, y); }, "[2, 3] and [3, 2]"},
      {"where's condition", [&] { ops::where(y, x, x); }, "[2, 3] and [3, 2]"},
      {"gather's shape",
       [&] {
         ops::gather(x, 0, Tensor::zeros({2, 4}));
       },
       "index [2, 4] does not fit input [2, 3]"},
      {"gather's rank", [&] { ops::gather(x, 0, Tensor::zeros({2})); },
       "index [2] does not fit input [2, 3]"},
      {"gather's index",
       [&] {
         ops::gather(x, 1, Tensor::full({2, 1}, 3));
       },
       "index 3 at place 0"},
      {"gather's half",
       [&] {
         ops::gather(x, 1, Tensor::full({2, 1}, real(0.5)));
       },
       "index 0.5"},
      {"permute",
       [&] {
         ops::permute(x, {0, 0});
       },
       "permute: (0, 0) does not name every dimension of shape [2, 3]"},
      {"permute's rank",
       [&] {
         ops::permute(x, {1, 0, 2});
       },
       "permute: (1, 0, 2)"},
      {"stack",
       [&] {
         ops::stack({x, y});
       },
       "shapes [2, 3] and [3, 2] differ"},
      {"stack of none", [] { ops::stack({}); }, "stack: no tensors"},
      {"stack's place",
       [&] {
         ops::stack({x, x}, 3);
       },
       "no place 3 for a new dimension in shape [2, 3]"},
      {"concat of none", [] { ops::concat({}, 0); }, "concat: no tensors"},
      {"batches",
       [] {
         ops::matmul(Tensor::ones({2, 3, 4}), Tensor::ones({3, 4, 5}));
       },
       "[2, 3, 4] and [3, 4, 5]"},
      {"l1", [&] { ops::l1(x, y); }, "l1: input [2, 3] and target [3, 2] must have one shape"},
      {"huber", [&] { ops::huber(x, y); }, "huber: input [2, 3] and target [3, 2]"},
      {"huber's delta", [&] { ops::huber(x, x, 0); }, "delta must be above 0, got 0"},
      {"bce", [&] { ops::bce_with_logits(x, y); }, "bce_with_logits: input [2, 3] and target [3, 2]"},
      {"bce's weight", [&] { ops::bce_with_logits(x, x, Tensor::ones({2})); },
       "pos_weight [2] does not fit input [2, 3]"},
      {"bce's negative weight", [&] { ops::bce_with_logits(x, x, Tensor::full({1}, -1)); }, "pos_weight -1"},
      {"kl", [&] { ops::kl_div(x, y); }, "kl_div: input [2, 3] and target [3, 2]"},
      {"kl's target",
       [&] {
         ops::kl_div(x, Tensor::full({2, 3}, -1));
       },
       "-1, which is no probability"},
      {"nll", [&] { ops::nll(x, labels); }, "nll: label 3 of row 1 is out of range for 3 classes"},
      {"nll's count", [&] { ops::nll(y, labels); }, "nll: 2 labels for log-probabilities [3, 2]"},
      {"soft", [&] { ops::cross_entropy(x, y); }, "logits [2, 3] and a target of distributions [3, 2]"},
      {"soft's target",
       [&] {
         ops::cross_entropy(x, Tensor::full({2, 3}, nan));
       },
       "no probability"},
  });
}

}  // namespace fanin
