// Into how many pieces the kernels cut their work, counted as for 64 threads, and that no cut shows in the bits.
#include <algorithm>

#include <fanin/kernels/conv/conv.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/gemm/linear.hpp>
#include <fanin/kernels/gemm/linear_step.hpp>
#include <fanin/kernels/gemm/products.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;

namespace {

std::size_t size_of(Index n) { return static_cast<std::size_t>(n); }

/// The pieces of the largest call in `work`, cut as for `threads`.
template <class Work>
Index largest_cut(int threads, Work work) {
  const CutAsFor cut(threads);
  work();
  Index most = 0;
  for (const auto& call : cut.calls()) most = std::max(most, call.pieces);
  return most;
}

/// What `work(out)` leaves in a copy of `start`, which is the same cut for 1, 2, 3, 7 and 64 threads.
template <class Work>
Numbers same_for_any_cut(const Numbers& start, Work work) {
  Numbers first;
  for (const int threads : {1, 2, 3, 7, 64}) {
    CAPTURE(threads);
    const CutAsFor cut(threads);
    Numbers out = start;
    work(out.data());
    if (first.empty()) first = out;
    CHECK(out == first);
  }
  return first;
}

}  // namespace

TEST_CASE(
    "gemm: large products have a piece for each of 64 threads, and few for few, since each packs anew") {
  const auto pieces = [](int threads, Index m, Index n, Index k) {
    const Numbers a(size_of(m * k)), b(size_of(k * n));
    Numbers c(size_of(m * n));
    return largest_cut(
        threads, [&] { kernels::gemm(false, false, m, n, k, a.data(), k, b.data(), n, c.data(), n, false); });
  };
  CHECK(pieces(64, 512, 512, 512) >= 64);
  CHECK(pieces(64, 3'072, 64, 64) >= 64);
  CHECK(pieces(64, 64, 4'096, 128) >= 64);
  CHECK(pieces(64, 256, 256, 64) >= 16);
  CHECK(pieces(2, 512, 512, 512) == 4);
  CHECK(pieces(1, 512, 512, 512) <= 1);
  for (const int threads : {1, 2, 64}) CHECK(pieces(threads, 16, 16, 16) <= 1);
}

TEST_CASE(
    "a linear layer of 512 samples has work for 64 threads in each pass, and the same bits for any cut") {
  const Index batch = 512, in = 784, out = 256;
  const Numbers x = random_numbers(batch * in, 1), w = random_numbers(out * in, 2),
                bias = random_numbers(out, 3), grad = random_numbers(batch * out, 4);
  const kernels::Activation relu{kernels::Activation::Kind::relu};
  Numbers y(size_of(batch * out)), gx(size_of(batch * in)), gw = w, gb = bias;
  const auto forward = [&](real* to) {
    kernels::linear_forward(batch, in, out, x.data(), w.data(), bias.data(), relu, to);
  };
  const auto weight = [&](real* to) {
    kernels::linear_backward_weight(batch, in, out, x.data(), grad.data(), to, true, gb.data(), false);
  };
  const auto input = [&](real* to) {
    kernels::linear_backward_input(batch, in, out, w.data(), grad.data(), to, false);
  };
  const auto step = [&](real* to) {
    kernels::linear_step_weight(batch, in, out, x.data(), grad.data(), to, {.lr = 0.1, .weight_decay = 0.1});
  };
  CHECK(largest_cut(64, [&] { forward(y.data()); }) == 64);
  CHECK(largest_cut(64, [&] { weight(gw.data()); }) == 64);
  CHECK(largest_cut(64, [&] { input(gx.data()); }) >= 49);
  CHECK(largest_cut(64, [&] { step(gw.data()); }) == 64);
  CHECK(largest_cut(2, [&] { forward(y.data()); }) == 2);
  same_for_any_cut(y, forward);
  same_for_any_cut(w, weight);
  same_for_any_cut(gx, input);
  same_for_any_cut(w, step);
}

TEST_CASE("a linear layer of few outputs is cut by samples, small ones not at all; bits as ever") {
  for (const Index batch : {1, 2, 63, 130, 512}) {
    CAPTURE(batch);
    const Index in = 150, out = 10;
    const Numbers x = random_numbers(batch * in, 1), w = random_numbers(out * in, 2),
                  bias = random_numbers(out, 3);
    const Numbers grad = random_numbers(batch * out, 4);
    Numbers y(size_of(batch * out));
    const auto forward = [&](real* to) {
      kernels::linear_forward(batch, in, out, x.data(), w.data(), bias.data(), {}, to);
    };
    CHECK(largest_cut(64, [&] { forward(y.data()); }) == (batch >= 128 ? batch / 64 : 1));
    same_for_any_cut(y, forward);
    same_for_any_cut(w, [&](real* to) {
      kernels::linear_backward_weight(batch, in, out, x.data(), grad.data(), to, true, nullptr, false);
    });
    same_for_any_cut(x, [&](real* to) {
      kernels::linear_backward_input(batch, in, out, w.data(), grad.data(), to, true);
    });
  }
}

TEST_CASE("a convolution of 64 images has work for 64 threads in each pass, and the same bits for any cut") {
  for (const Index channels : {6, 32}) {  // the second by Winograd
    CAPTURE(channels);
    const kernels::ConvShape s{.batch = 64,
                               .in_channels = channels,
                               .height = 14,
                               .width = 14,
                               .out_channels = 32,
                               .kernel_h = 3,
                               .kernel_w = 3,
                               .pad_h = 1,
                               .pad_w = 1};
    const Index size_x = s.batch * channels * 14 * 14, size_y = s.batch * 32 * 14 * 14;
    const Numbers x = random_numbers(size_x, 1), w = random_numbers(32 * channels * 9, 2),
                  grad = random_numbers(size_y, 3);
    Numbers y(size_of(size_y)), gx(size_of(size_x)), gb(32);
    const auto forward = [&](real* to) { kernels::conv_forward(s, x.data(), w.data(), nullptr, {}, to); };
    const auto data = [&](real* to) { kernels::conv_backward_data(s, grad.data(), w.data(), to, false); };
    const auto weights = [&](real* to) {
      kernels::conv_backward_weights(s, x.data(), grad.data(), to, false, gb.data(), false);
    };
    CHECK(largest_cut(64, [&] { forward(y.data()); }) >= 64);
    CHECK(largest_cut(64, [&] { data(gx.data()); }) >= 64);
    Numbers gw = w;
    CHECK(largest_cut(64, [&] { weights(gw.data()); }) >= 32);
    same_for_any_cut(y, forward);
    same_for_any_cut(gx, data);
    same_for_any_cut(w, weights);
  }
}

TEST_CASE(
    "a convolution of one image is cut by its planes: by taps, by Winograd, by columns, with strides and groups") {
  const kernels::ConvShape direct{.in_channels = 8,
                                  .height = 20,
                                  .width = 20,
                                  .out_channels = 40,
                                  .kernel_h = 3,
                                  .kernel_w = 3,
                                  .pad_h = 1,
                                  .pad_w = 1};
  kernels::ConvShape winograd = direct, columns = direct, strided = direct, grouped = direct;
  winograd.in_channels = 32;
  columns.in_channels = 24, columns.kernel_h = columns.kernel_w = 9, columns.height = columns.width = 12;
  columns.pad_h = columns.pad_w = 0;
  strided.in_channels = 20, strided.stride_h = strided.stride_w = 2;
  grouped.in_channels = 32, grouped.groups = 2;
  for (const auto& s : {direct, winograd, columns, strided, grouped}) {
    CAPTURE(s.in_channels);
    CAPTURE(s.kernel_h);
    const Index size_x = s.in_channels * s.height * s.width, size_y = s.out_channels * s.out_h() * s.out_w(),
                size_w = s.out_channels * s.in_channels / s.groups * s.kernel_h * s.kernel_w;
    const Numbers x = random_numbers(size_x, 1), w = random_numbers(size_w, 2),
                  grad = random_numbers(size_y, 3);
    Numbers y(size_of(size_y));
    const auto forward = [&](real* to) { kernels::conv_forward(s, x.data(), w.data(), nullptr, {}, to); };
    const auto data = [&](real* to) { kernels::conv_backward_data(s, grad.data(), w.data(), to, true); };
    CHECK(largest_cut(64, [&] { forward(y.data()); }) >= 4);
    CHECK(largest_cut(2, [&] { forward(y.data()); }) == 2);
    CHECK(largest_cut(1, [&] { forward(y.data()); }) == s.groups);
    same_for_any_cut(y, forward);
    same_for_any_cut(x, data);
    same_for_any_cut(w, [&](real* to) {
      kernels::conv_backward_weights(s, x.data(), grad.data(), to, true, nullptr, false);
    });
  }
}

TEST_CASE(
    "by OpenBLAS, whose parts of a product round otherwise than the whole, no cut shows in the bits either") {
  const kernels::ProductsBy openblas(kernels::Products::openblas);
  const kernels::ConvShape s{
      .in_channels = 16, .height = 12, .width = 12, .out_channels = 32, .kernel_h = 5, .kernel_w = 5};
  const Index size_x = s.in_channels * s.height * s.width, size_y = s.out_channels * s.out_h() * s.out_w();
  const Numbers w = random_numbers(s.out_channels * s.in_channels * 25, 1), grad = random_numbers(size_y, 2);
  same_for_any_cut(Numbers(size_of(size_x)),
                   [&](real* to) { kernels::conv_backward_data(s, grad.data(), w.data(), to, false); });
  for (const Index batch : {1, 63, 130}) {
    CAPTURE(batch);
    const Index in = 150, out = 100;
    const Numbers x = random_numbers(batch * in, 1), v = random_numbers(out * in, 2),
                  bias = random_numbers(out, 3), g = random_numbers(batch * out, 4);
    same_for_any_cut(Numbers(size_of(batch * out)), [&](real* to) {
      kernels::linear_forward(batch, in, out, x.data(), v.data(), bias.data(), {}, to);
    });
    same_for_any_cut(v, [&](real* to) {
      kernels::linear_backward_weight(batch, in, out, x.data(), g.data(), to, true, nullptr, false);
    });
    same_for_any_cut(
        x, [&](real* to) { kernels::linear_backward_input(batch, in, out, v.data(), g.data(), to, true); });
  }
}
