#include <limits>

#include <fanin/kernels/reduce/pool.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;
using kernels::PoolShape;

namespace {

const PoolShape shapes[] = {
    {.batch_channels = 70, .height = 28, .width = 28},
    {.batch_channels = 5, .height = 10, .width = 10},
    {.batch_channels = 3, .height = 2, .width = 2},
    {.batch_channels = 3, .height = 6, .width = 70},
    {.batch_channels = 2, .height = 12, .width = 32},
    {.batch_channels = 2, .height = 7, .width = 9},
    {.batch_channels = 2, .height = 9, .width = 8, .kernel_h = 3, .kernel_w = 3, .pad_h = 1, .pad_w = 1},
    {.batch_channels = 2,
     .height = 5,
     .width = 6,
     .kernel_h = 2,
     .kernel_w = 3,
     .stride_h = 1,
     .stride_w = 1},
};

/// Calls f(window index, plane index or -1 for padding), window after window, row by row.
template <class F>
void each_pair(const PoolShape& s, F f) {
  for (Index p = 0; p < s.batch_channels; ++p) {
    for (Index oy = 0; oy < s.out_h(); ++oy) {
      for (Index ox = 0; ox < s.out_w(); ++ox) {
        for (Index ky = 0; ky < s.kernel_h; ++ky) {
          for (Index kx = 0; kx < s.kernel_w; ++kx) {
            const Index y = oy * s.stride_h - s.pad_h + ky, x = ox * s.stride_w - s.pad_w + kx;
            if (y < 0 || y >= s.height || x < 0 || x >= s.width) continue;
            f(static_cast<std::size_t>((p * s.out_h() + oy) * s.out_w() + ox), p * s.height * s.width,
              y * s.width + x);
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE(
    "max pooling picks the first largest of each window, NaN before all, and sends the gradient there") {
  on_every_isa([] {
    for (const auto& s : shapes) {
      INFO("plane " << s.height << "x" << s.width << " kernel " << s.kernel_h << "x" << s.kernel_w);
      const Index in = s.batch_channels * s.height * s.width, out = s.batch_channels * s.out_h() * s.out_w();
      Numbers x = random_numbers(in, 1);
      for (auto& value : x) value = std::round(value * 4) / 4;  // ties
      x[static_cast<std::size_t>(in / 2)] = std::numeric_limits<real>::quiet_NaN();
      Numbers expected(static_cast<std::size_t>(out), -std::numeric_limits<real>::infinity());
      std::vector<std::int32_t> where(expected.size()), found_where(expected.size());
      each_pair(s, [&](std::size_t o, Index plane, Index i) {
        const real value = x[static_cast<std::size_t>(plane + i)];
        if (value > expected[o] || std::isnan(value)) {
          expected[o] = value;
          where[o] = static_cast<std::int32_t>(i);
        }
      });
      for (const int threads : {1, 2}) {
        set_threads(threads);
        Numbers found(expected.size()), alone(expected.size());
        kernels::max_pool_forward(s, x.data(), found.data(), found_where.data());
        kernels::max_pool_forward(s, x.data(), alone.data(), nullptr);
        CHECK(difference(found, expected) == 0);
        CHECK(difference(alone, expected) == 0);
        CHECK(found_where == where);
      }
      set_threads(1);
      const Numbers grad = random_numbers(out, 2);
      Numbers expected_grad(x.size());
      for (Index o = 0; o < out; ++o) {
        const Index plane = o / (s.out_h() * s.out_w());
        const auto at =
            static_cast<std::size_t>(plane * s.height * s.width + where[static_cast<std::size_t>(o)]);
        expected_grad[at] += grad[static_cast<std::size_t>(o)];
      }
      const Numbers dirty(x.size(), real(9));
      CHECK(same_on_two_threads(dirty, [&](real* g) {
              kernels::max_pool_backward(s, where.data(), grad.data(), g);
            }) == expected_grad);
    }
  });
}

TEST_CASE("average pooling counts the padding, and spreads the gradient evenly") {
  for (const auto& s : shapes) {
    const Numbers x = random_numbers(s.batch_channels * s.height * s.width, 1);
    const Numbers grad = random_numbers(s.batch_channels * s.out_h() * s.out_w(), 2);
    const real area = static_cast<real>(s.kernel_h * s.kernel_w);
    Numbers expected(grad.size()), expected_grad(x.size());
    each_pair(s, [&](std::size_t o, Index plane, Index i) {
      expected[o] += x[static_cast<std::size_t>(plane + i)] / area;
      expected_grad[static_cast<std::size_t>(plane + i)] += grad[o] / area;
    });
    CHECK(
        difference(same_on_two_threads(expected, [&](real* y) { kernels::avg_pool_forward(s, x.data(), y); }),
                   expected) < 1e-6);
    CHECK(difference(same_on_two_threads(x, [&](real* g) { kernels::avg_pool_backward(s, grad.data(), g); }),
                     expected_grad) < 1e-6);
  }
}

TEST_CASE("adaptive average pooling covers every pixel with windows that may overlap") {
  const Numbers x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};  // one plane, 2 × 5
  Numbers y(3), grad(10);
  kernels::adaptive_avg_pool_forward(1, 2, 5, 1, 3, x.data(), y.data());
  CHECK(difference(y, {4, real(5.5), 7}) < 1e-6);  // columns 0-1, 1-3, 3-4
  const Numbers ones = {4, 6, 4};
  kernels::adaptive_avg_pool_backward(1, 2, 5, 1, 3, ones.data(), grad.data());
  CHECK(difference(grad, {1, 2, 1, 2, 1, 1, 2, 1, 2, 1}) < 1e-6);
}
