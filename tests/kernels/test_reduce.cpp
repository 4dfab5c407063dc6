// Sums, arithmetic and prelu against their definitions, on every instruction set and for every length of
// tail.
#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/pointwise/prelu.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

#include "tests/kernels/naive.hpp"

namespace fanin::kernels {
namespace {

using naive::Numbers;

constexpr double bound = 1e-6;

TEST_CASE("sums and dots give their definition, and the same bits on every instruction set") {
  for (const Index n : {0, 1, 7, 8, 9, 31, 100, 1003}) {
    CAPTURE(n);
    const Numbers x = naive::random_numbers(n, 1), g = naive::random_numbers(n, 2),
                  w = naive::random_numbers(n, 3);
    const real center = real(0.3);
    double total = 0, squares = 0, dot = 0, weighted = 0, weighted_dot = 0, negative = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = static_cast<double>(x[i]), h = static_cast<double>(g[i]),
                   d = v - static_cast<double>(center);
      total += v;
      squares += d * d;
      dot += h * d;
      weighted += static_cast<double>(w[i]) * h;
      weighted_dot += static_cast<double>(w[i]) * h * d;
      negative += v > 0 ? 0 : h * v;
    }
    std::vector<std::vector<double>> results;
    naive::on_every_isa([&] {
      const SumAndDot plain = sum_and_dot(n, g.data(), x.data(), center);
      const SumAndDot with_weight = weighted_sum_and_dot(n, w.data(), g.data(), x.data(), center);
      results.push_back({sum(n, x.data()), sum_of_squares(n, x.data(), center), plain.sum, plain.dot,
                         with_weight.sum, with_weight.dot, dot_of_negative(n, g.data(), x.data())});
    });
    const std::vector<double> expected = {total,    squares,      sum(n, g.data()), dot,
                                          weighted, weighted_dot, negative};
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      CHECK(results[0][i] == doctest::Approx(expected[i]).epsilon(1e-12));
    }
    for (const auto& other : results) CHECK(other == results[0]);
  }
}

TEST_CASE("sums along and spreads along a dimension") {
  for (const Index inner : {1, 3, 16, 37}) {
    CAPTURE(inner);
    const Index outer = 3, n = 5;
    const Numbers x = naive::random_numbers(outer * n * inner, 1),
                  start = naive::random_numbers(outer * inner, 2);
    naive::on_every_isa([&] {
      for (const bool accumulate : {false, true}) {
        Numbers expected = accumulate ? start : Numbers(start.size());
        for (Index o = 0; o < outer; ++o) {
          for (Index i = 0; i < n * inner; ++i) {
            expected[static_cast<std::size_t>(o * inner + i % inner)] +=
                2 * x[static_cast<std::size_t>(o * n * inner + i)];
          }
        }
        Numbers y = start;
        sum_along(outer, n, inner, 2, x.data(), y.data(), accumulate);
        CHECK(naive::difference(y, expected) < bound);
        Numbers spread = x;
        spread_along(outer, n, inner, 2, start.data(), spread.data(), accumulate);
        for (Index i = 0; i < outer * n * inner; ++i) {
          const auto at = static_cast<std::size_t>(i);
          const real value = 2 * start[static_cast<std::size_t>(i / (n * inner) * inner + i % inner)];
          CHECK(spread[at] == (accumulate ? x[at] + value : value));
        }
      }
    });
  }
}

TEST_CASE("arithmetic with either operand repeating") {
  const auto value = [](Binary op, real a, real b) {
    return op == Binary::add ? a + b : op == Binary::sub ? a - b : op == Binary::mul ? a * b : a / b;
  };
  for (const Index n : {1, 5, 16, 33, 20000}) {
    const Numbers a = naive::random_numbers(3 * n, 1), b = naive::random_numbers(3 * n, 2, real(0.5), 2);
    const Index full[] = {3, n}, row[] = {n}, column[] = {3, 1};
    for (const Binary op : {Binary::add, Binary::sub, Binary::mul, Binary::div}) {
      Numbers both(a.size()), by_row(a.size()), by_column(a.size());
      for (Index i = 0; i < 3 * n; ++i) {
        const auto at = static_cast<std::size_t>(i);
        both[at] = value(op, a[at], b[at]);
        by_row[at] = value(op, a[at], b[static_cast<std::size_t>(i % n)]);
        by_column[at] = value(op, a[static_cast<std::size_t>(i / n)], b[at]);
      }
      naive::on_every_isa([&] {
        const auto run = [&](std::span<const Index> left, std::span<const Index> right) {
          return naive::same_on_two_threads(
              Numbers(a.size()), [&](real* y) { binary(op, broadcast(left, right), a.data(), b.data(), y); });
        };
        CHECK(run(full, full) == both);
        CHECK(run(full, row) == by_row);
        CHECK(run(column, full) == by_column);
      });
    }
  }
}

TEST_CASE("broadcast merges loops that both operands run through, and only these") {
  const Index whole[] = {2, 3, 4}, last[] = {4}, middle[] = {3, 1}, one[] = {1, 1};
  CHECK(broadcast(whole, whole).rank == 1);
  CHECK(broadcast(whole, last).rank == 2);
  CHECK(broadcast(whole, middle).rank == 3);
  CHECK(broadcast(whole, one).rank == 1);
  CHECK(broadcast(one, one).numel == 1);
  CHECK(broadcast(whole, middle).numel == 24);
}

TEST_CASE("prelu and its gradients, channel by channel") {
  for (const Index inner : {1, 6, 21, 64}) {
    CAPTURE(inner);
    const Index batch = 2, channels = 3;
    const Numbers x = naive::random_numbers(batch * channels * inner, 1),
                  g = naive::random_numbers(batch * channels * inner, 2);
    const Numbers w = naive::random_numbers(channels, 3);
    Numbers y(x.size()), grad_x(x.size()), grad_w(w.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto c = i / static_cast<std::size_t>(inner) % w.size();
      y[i] = x[i] > 0 ? x[i] : w[c] * x[i];
      grad_x[i] = x[i] > 0 ? g[i] : w[c] * g[i];
      grad_w[c] += x[i] > 0 ? 0 : x[i] * g[i];
    }
    naive::on_every_isa([&] {
      CHECK(naive::same_on_two_threads(Numbers(x.size()), [&](real* out) {
              prelu_forward(batch, channels, inner, x.data(), w.data(), out);
            }) == y);
      for (const bool accumulate : {false, true}) {
        Numbers expected = grad_x;
        for (std::size_t i = 0; accumulate && i < x.size(); ++i) expected[i] += x[i];
        CHECK(naive::same_on_two_threads(x, [&](real* out) {
                prelu_backward_data(batch, channels, inner, x.data(), w.data(), g.data(), out, accumulate);
              }) == expected);
      }
      CHECK(naive::difference(naive::same_on_two_threads(Numbers(w.size()),
                                                         [&](real* out) {
                                                           prelu_backward_weight(batch, channels, inner,
                                                                                 x.data(), g.data(), out,
                                                                                 false);
                                                         }),
                              grad_w) < bound);
    });
  }
}

}  // namespace
}  // namespace fanin::kernels
