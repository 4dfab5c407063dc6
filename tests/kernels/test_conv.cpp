#include <cstdint>

#include <fanin/kernels/conv/conv.hpp>
#include <fanin/kernels/reduce/pool.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;
using kernels::ConvShape;

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Calls f(y index, x index, w index) for every product of the convolution, by its definition.
template <class F>
void each_product(const ConvShape& s, F f) {
  const Index per_group = s.in_channels / s.groups, outs = s.out_channels / s.groups;
  for (Index n = 0; n < s.batch; ++n) {
    for (Index oc = 0; oc < s.out_channels; ++oc) {
      for (Index oy = 0; oy < s.out_h(); ++oy) {
        for (Index ox = 0; ox < s.out_w(); ++ox) {
          for (Index c = 0; c < per_group; ++c) {
            for (Index ky = 0; ky < s.kernel_h; ++ky) {
              for (Index kx = 0; kx < s.kernel_w; ++kx) {
                const Index iy = oy * s.stride_h - s.pad_h + ky * s.dilation_h;
                const Index ix = ox * s.stride_w - s.pad_w + kx * s.dilation_w;
                if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
                f(at(((n * s.out_channels + oc) * s.out_h() + oy) * s.out_w() + ox),
                  at(((n * s.in_channels + oc / outs * per_group + c) * s.height + iy) * s.width + ix),
                  at(((oc * per_group + c) * s.kernel_h + ky) * s.kernel_w + kx));
              }
            }
          }
        }
      }
    }
  }
}

const ConvShape shapes[] = {
    {.batch = 3,
     .in_channels = 1,
     .height = 28,
     .width = 28,
     .out_channels = 6,
     .kernel_h = 5,
     .kernel_w = 5,
     .pad_h = 2,
     .pad_w = 2},
    {.batch = 3,
     .in_channels = 6,
     .height = 14,
     .width = 14,
     .out_channels = 16,
     .kernel_h = 5,
     .kernel_w = 5},
    {.batch = 2,
     .in_channels = 5,
     .height = 9,
     .width = 11,
     .out_channels = 33,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 1,
     .pad_w = 1},
    {.batch = 1, .in_channels = 1, .height = 1, .width = 1, .out_channels = 1, .kernel_h = 1, .kernel_w = 1},
    {.batch = 2,
     .in_channels = 3,
     .height = 8,
     .width = 7,
     .out_channels = 4,
     .kernel_h = 1,
     .kernel_w = 1,
     .stride_h = 2,
     .stride_w = 2},
    {.batch = 2,
     .in_channels = 4,
     .height = 16,
     .width = 16,
     .out_channels = 7,
     .kernel_h = 3,
     .kernel_w = 3,
     .stride_h = 2,
     .stride_w = 2,
     .pad_h = 1,
     .pad_w = 1},
    {.batch = 2,
     .in_channels = 2,
     .height = 13,
     .width = 10,
     .out_channels = 3,
     .kernel_h = 4,
     .kernel_w = 2,
     .stride_h = 3,
     .stride_w = 1,
     .pad_h = 2,
     .pad_w = 0},
    {.batch = 2,
     .in_channels = 4,
     .height = 12,
     .width = 12,
     .out_channels = 6,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 2,
     .pad_w = 2,
     .dilation_h = 2,
     .dilation_w = 2,
     .groups = 2},
    {.batch = 2,
     .in_channels = 6,
     .height = 10,
     .width = 9,
     .out_channels = 6,
     .kernel_h = 3,
     .kernel_w = 3,
     .stride_h = 2,
     .stride_w = 3,
     .pad_h = 1,
     .pad_w = 2,
     .dilation_h = 2,
     .dilation_w = 1,
     .groups = 6},
    {.batch = 1,
     .in_channels = 2,
     .height = 6,
     .width = 6,
     .out_channels = 2,
     .kernel_h = 2,
     .kernel_w = 2,
     .stride_h = 4,
     .stride_w = 4},
    {.batch = 2,
     .in_channels = 1,
     .height = 5,
     .width = 5,
     .out_channels = 2,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 4,
     .pad_w = 4},
    {.batch = 1,
     .in_channels = 70,
     .height = 4,
     .width = 4,
     .out_channels = 15,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 1,
     .pad_w = 1},
    // Winograd's: tiles that fill their vectors and tiles that do not, every padding, groups, channels no
    // vector divides.
    {.batch = 3,
     .in_channels = 17,
     .height = 14,
     .width = 14,
     .out_channels = 19,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 1,
     .pad_w = 1},
    {.batch = 9,
     .in_channels = 16,
     .height = 8,
     .width = 28,
     .out_channels = 33,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 1,
     .pad_w = 1},
    {.batch = 2,
     .in_channels = 32,
     .height = 10,
     .width = 17,
     .out_channels = 32,
     .kernel_h = 3,
     .kernel_w = 3,
     .groups = 2},
    {.batch = 1,
     .in_channels = 16,
     .height = 2,
     .width = 12,
     .out_channels = 16,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 2,
     .pad_w = 2},
    {.batch = 1,
     .in_channels = 40,
     .height = 30,
     .width = 30,
     .out_channels = 17,
     .kernel_h = 3,
     .kernel_w = 3,
     .pad_h = 1,
     .pad_w = 1},
    {.batch = 11,
     .in_channels = 2,
     .height = 20,
     .width = 3,
     .out_channels = 5,
     .kernel_h = 3,
     .kernel_w = 2},
};

template <class Body>
void for_every_shape(Body body) {
  on_every_isa([&] {
    for (const auto& s : shapes) {
      INFO("in " << s.in_channels << "x" << s.height << "x" << s.width << " out " << s.out_channels
                 << " kernel " << s.kernel_h << "x" << s.kernel_w << " stride " << s.stride_h << ","
                 << s.stride_w << " dilation " << s.dilation_h << " groups " << s.groups);
      const Numbers x = random_numbers(s.batch * s.in_channels * s.height * s.width, 1);
      const Numbers w =
          random_numbers(s.out_channels * s.in_channels / s.groups * s.kernel_h * s.kernel_w, 2);
      const Numbers y = random_numbers(s.batch * s.out_channels * s.out_h() * s.out_w(), 3);
      body(s, x, w, y);
    }
  });
}

}  // namespace

TEST_CASE(
    "conv_forward gives the convolution of the definition, with bias and activation, whatever the threads") {
  for_every_shape([](const ConvShape& s, const Numbers& x, const Numbers& w, const Numbers& blank) {
    const Numbers bias = random_numbers(s.out_channels, 4);
    Numbers expected(blank.size());
    const Index plane = s.out_h() * s.out_w();
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = bias[i / at(plane) % at(s.out_channels)];
    each_product(s, [&](std::size_t iy, std::size_t ix, std::size_t iw) { expected[iy] += x[ix] * w[iw]; });
    const auto forward = [&](kernels::Activation act) {
      return same_on_two_threads(
          blank, [&](real* y) { kernels::conv_forward(s, x.data(), w.data(), bias.data(), act, y); });
    };
    CHECK(difference(forward({}), expected) < 2e-5);
    for (auto& value : expected) value = std::max(value, real(0));
    CHECK(difference(forward({kernels::Activation::Kind::relu}), expected) < 2e-5);
  });
}

TEST_CASE("conv_backward_data is the transpose of the convolution, and adds when asked") {
  for_every_shape([](const ConvShape& s, const Numbers& x, const Numbers& w, const Numbers& grad_y) {
    for (const bool accumulate : {false, true}) {
      Numbers expected = accumulate ? x : Numbers(x.size());
      each_product(
          s, [&](std::size_t iy, std::size_t ix, std::size_t iw) { expected[ix] += grad_y[iy] * w[iw]; });
      CHECK(difference(same_on_two_threads(x,
                                           [&](real* g) {
                                             kernels::conv_backward_data(s, grad_y.data(), w.data(), g,
                                                                         accumulate);
                                           }),
                       expected) < 2e-5);
    }
  });
}

TEST_CASE("conv_backward_weights sums over batch and pixels, adds when asked, and skips what is not wanted") {
  for_every_shape([](const ConvShape& s, const Numbers& x, const Numbers& w, const Numbers& grad_y) {
    const Numbers bias = random_numbers(s.out_channels, 4);
    const Index plane = s.out_h() * s.out_w();
    for (const bool accumulate : {false, true}) {
      Numbers expected = accumulate ? w : Numbers(w.size()),
              expected_bias = accumulate ? bias : Numbers(bias.size());
      each_product(
          s, [&](std::size_t iy, std::size_t ix, std::size_t iw) { expected[iw] += grad_y[iy] * x[ix]; });
      for (std::size_t i = 0; i < grad_y.size(); ++i) expected_bias[i / at(plane) % bias.size()] += grad_y[i];
      CHECK(difference(same_on_two_threads(w,
                                           [&](real* g) {
                                             kernels::conv_backward_weights(s, x.data(), grad_y.data(), g,
                                                                            accumulate, nullptr, false);
                                           }),
                       expected) < 1e-4);
      CHECK(difference(same_on_two_threads(bias,
                                           [&](real* g) {
                                             kernels::conv_backward_weights(s, x.data(), grad_y.data(),
                                                                            nullptr, false, g, accumulate);
                                           }),
                       expected_bias) < 1e-4);
    }
  });
}

TEST_CASE(
    "conv_relu_pool_forward and its gradients have the bits of convolution, ReLU and max pool one by one") {
  for_every_shape([](const ConvShape& s, const Numbers& x, const Numbers& w, const Numbers& dense) {
    const Index out_h = s.out_h(), out_w = s.out_w();
    if (out_h % 2 != 0 || out_w % 2 != 0) return;
    // Quarters: windows with two equal largest values are common.
    const auto coarse = [](Numbers numbers) {
      for (auto& value : numbers) value = std::round(4 * value) / 4;
      return numbers;
    };
    for (const bool ties : {false, true}) {
      CAPTURE(ties);
      const Numbers in = ties ? coarse(x) : x, filters = ties ? coarse(w) : w,
                    bias = random_numbers(s.out_channels, 4);
      const kernels::PoolShape pool{
          .batch_channels = s.batch * s.out_channels, .height = out_h, .width = out_w};
      const Numbers grad = random_numbers(static_cast<Index>(dense.size()) / 4, 5);

      Numbers activated(dense.size()), pooled(grad.size()), grad_dense(dense.size());
      std::vector<std::int32_t> argmax(grad.size());
      kernels::conv_forward(s, in.data(), filters.data(), bias.data(), {kernels::Activation::Kind::relu},
                            activated.data());
      kernels::max_pool_forward(pool, activated.data(), pooled.data(), argmax.data());
      kernels::max_pool_backward(pool, argmax.data(), grad.data(), grad_dense.data());
      for (std::size_t i = 0; i < dense.size(); ++i) {
        if (activated[i] <= 0) grad_dense[i] = 0;
      }

      std::vector<std::uint8_t> chosen(grad.size() + 1, 77);
      CHECK(pooled == same_on_two_threads(grad, [&](real* y) {
              kernels::conv_relu_pool_forward(s, in.data(), filters.data(), bias.data(), y, chosen.data());
            }));
      CHECK(chosen.back() == 77);
      CHECK(pooled == same_on_two_threads(grad, [&](real* y) {
              kernels::conv_relu_pool_forward(s, in.data(), filters.data(), bias.data(), y, nullptr);
            }));
      for (const bool accumulate : {false, true}) {
        const auto data = [&](kernels::OutputGradient g) {
          return same_on_two_threads(
              x, [&](real* out) { kernels::conv_backward_data(s, g, filters.data(), out, accumulate); });
        };
        CHECK(data({grad.data(), chosen.data()}) == data(grad_dense.data()));
        Numbers found_bias = bias, expected_bias = bias;
        const auto weights = [&](kernels::OutputGradient g, Numbers& of_bias) {
          return same_on_two_threads(w, [&](real* out) {
            Numbers sums = bias;
            kernels::conv_backward_weights(s, in.data(), g, out, accumulate, sums.data(), accumulate);
            of_bias = sums;
          });
        };
        CHECK(weights({grad.data(), chosen.data()}, found_bias) == weights(grad_dense.data(), expected_bias));
        CHECK(found_bias == expected_bias);
      }
    }
  });
}

TEST_CASE("conv_relu_pool_forward: NaN wins its window, and values behind a plane stay as they were") {
  on_every_isa([] {
    const ConvShape s{.height = 6, .width = 6, .out_channels = 1};
    Numbers x = random_numbers(36, 6, -1, 1);
    x[7] = std::nanf("");
    const Numbers w = {1};
    Numbers y(9 + 32, 5);
    std::vector<std::uint8_t> chosen(9 + 32, 9);
    kernels::conv_relu_pool_forward(s, x.data(), w.data(), nullptr, y.data(), chosen.data());
    CHECK(std::isnan(y[0]));
    CHECK(chosen[0] == 3);
    for (std::size_t i = 9; i < y.size(); ++i) {
      CHECK(y[i] == 5);
      CHECK(chosen[i] == 9);
    }
  });
}
