// Batch, group and layer normalization against their definition, on every instruction set.
#include <span>

#include <fanin/kernels/norm/batch_norm.hpp>
#include <fanin/kernels/norm/group_norm.hpp>

#include "tests/kernels/naive.hpp"

namespace fanin::kernels {
namespace {

using naive::Numbers;

constexpr double bound = 2e-5;

/// Normalizes the elements that `group_of` puts together, in double.
template <class Group>
Numbers normalized(const Numbers& x, Index groups, Group group_of, double eps) {
  std::vector<double> total(static_cast<std::size_t>(groups)), count(total), squares(total);
  const auto group = [&](std::size_t i) { return static_cast<std::size_t>(group_of(static_cast<Index>(i))); };
  for (std::size_t i = 0; i < x.size(); ++i)
    total[group(i)] += static_cast<double>(x[i]), count[group(i)] += 1;
  const auto centered = [&](std::size_t i) {
    return static_cast<double>(x[i]) - total[group(i)] / count[group(i)];
  };
  for (std::size_t i = 0; i < x.size(); ++i) squares[group(i)] += centered(i) * centered(i);
  Numbers y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = static_cast<real>(centered(i) / std::sqrt(squares[group(i)] / count[group(i)] + eps));
  }
  return y;
}

TEST_CASE("batch_norm_forward normalizes each channel, scales and shifts it") {
  for (const ChannelShape s : {ChannelShape{5, 3, 1}, {9, 40, 1}, {4, 3, 7}, {2, 5, 64}, {3, 1, 100}}) {
    CAPTURE(s.channels);
    CAPTURE(s.inner);
    const Numbers x = naive::random_numbers(s.batch * s.channels * s.inner, 1, 4, 6);
    const Numbers gamma = naive::random_numbers(s.channels, 2), beta = naive::random_numbers(s.channels, 3);
    Numbers expected = normalized(
        x, s.channels, [&](Index i) { return i / s.inner % s.channels; }, 1e-3);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto c = i / static_cast<std::size_t>(s.inner) % gamma.size();
      expected[i] = expected[i] * gamma[c] + beta[c];
    }
    naive::on_every_isa([&] {
      const Numbers y = naive::same_on_two_threads(Numbers(x.size()), [&](real* out) {
        Numbers mean(gamma.size()), variance(gamma.size());
        channel_moments(s, x.data(), mean.data(), variance.data());
        batch_norm_forward(s, x.data(), mean.data(), variance.data(), gamma.data(), beta.data(), real(1e-3),
                           out);
      });
      CHECK(naive::difference(y, expected) < bound);
    });
  }
}

TEST_CASE("group_norm_forward normalizes each group of channels, scales and shifts by channel") {
  for (const GroupShape s : {GroupShape{3, 1, 37, 1}, {2, 2, 8, 1}, {2, 3, 6, 10}, {2, 1, 4, 33}}) {
    CAPTURE(s.groups);
    CAPTURE(s.inner);
    const Numbers x = naive::random_numbers(s.batch * s.channels * s.inner, 1, 4, 6);
    const Numbers gamma = naive::random_numbers(s.channels, 2), beta = naive::random_numbers(s.channels, 3);
    const Numbers plain = normalized(
        x, s.rows(), [&](Index i) { return i / s.row_size(); }, 1e-3);
    for (const bool scaled : {false, true}) {
      for (const bool shifted : {false, true}) {
        Numbers expected = plain;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const auto c = i / static_cast<std::size_t>(s.inner) % gamma.size();
          expected[i] = expected[i] * (scaled ? gamma[c] : 1) + (shifted ? beta[c] : 0);
        }
        naive::on_every_isa([&] {
          const Numbers y = naive::same_on_two_threads(Numbers(x.size()), [&](real* out) {
            Numbers mean(static_cast<std::size_t>(s.rows())), inverse(mean);
            group_norm_forward(s, x.data(), scaled ? gamma.data() : nullptr, shifted ? beta.data() : nullptr,
                               real(1e-3), out, mean.data(), inverse.data());
          });
          CHECK(naive::difference(y, expected) < bound);
        });
      }
    }
  }
}

TEST_CASE("the gradients are the same on every instruction set, written or added") {
  const ChannelShape b{4, 5, 19};
  const GroupShape g{4, 1, 95, 1};
  const Index n = 4 * 95;
  const Numbers x = naive::random_numbers(n, 1), grad = naive::random_numbers(n, 2),
                weight = naive::random_numbers(95, 3);
  const Numbers start = naive::random_numbers(n + 2 * 95, 4);
  Numbers mean(95), spread(95), row_mean(4), row_inverse(4), y(x.size());
  channel_moments(b, x.data(), mean.data(), spread.data());
  group_norm_forward(g, x.data(), weight.data(), nullptr, real(1e-3), y.data(), row_mean.data(),
                     row_inverse.data());
  std::vector<Numbers> results;
  naive::on_every_isa([&] {
    for (const bool accumulate : {false, true}) {
      results.push_back(naive::same_on_two_threads(start, [&](real* out) {
        std::vector<double> sums(10);
        batch_norm_sums(b, x.data(), mean.data(), grad.data(), sums.data());
        batch_norm_backward_affine(5, spread.data(), real(1e-3), sums.data(),
                                   {out + n, accumulate, out + n + 95, accumulate});
        batch_norm_backward_data(b, x.data(), mean.data(), spread.data(), weight.data(), real(1e-3),
                                 sums.data(), 76, grad.data(), out, accumulate);
      }));
      results.push_back(naive::same_on_two_threads(start, [&](real* out) {
        group_norm_backward(g, x.data(), row_mean.data(), row_inverse.data(), weight.data(), grad.data(),
                            {out, accumulate, out + n, accumulate, out + n + 95, accumulate});
      }));
    }
  });
  for (std::size_t i = 4; i < results.size(); ++i)
    CHECK(naive::difference(results[i], results[i % 4]) < bound);
  for (const std::size_t kind : {0u, 1u}) {  // added is start plus written
    Numbers sum = results[kind];
    const std::size_t channels = kind == 0 ? 5 : 95, size = static_cast<std::size_t>(n);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const bool written = i < size || (i - size) % 95 < channels;
      if (written) sum[i] += start[i];
    }
    CHECK(naive::difference(results[2 + kind], sum) < bound);
  }
}

}  // namespace
}  // namespace fanin::kernels
