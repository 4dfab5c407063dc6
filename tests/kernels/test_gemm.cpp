#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/gemm/linear.hpp>
#include <fanin/kernels/gemm/products.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;

namespace {

Numbers naive_gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, const Numbers& a, Index lda,
                   const Numbers& b, Index ldb, Numbers c, Index ldc, bool accumulate) {
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = accumulate ? static_cast<double>(c[static_cast<std::size_t>(i * ldc + j)]) : 0;
      for (Index p = 0; p < k; ++p) {
        const auto left = a[static_cast<std::size_t>(trans_a ? p * lda + i : i * lda + p)];
        const auto right = b[static_cast<std::size_t>(trans_b ? j * ldb + p : p * ldb + j)];
        sum += static_cast<double>(left) * static_cast<double>(right);
      }
      c[static_cast<std::size_t>(i * ldc + j)] = static_cast<real>(sum);
    }
  }
  return c;
}

struct Sizes {
  Index m, n, k;
};

/// Runs the body with our products on every instruction set, and with OpenBLAS's.
template <class Body>
void by_all_products(Body body) {
  for (const auto by : {kernels::Products::own, kernels::Products::openblas}) {
    const kernels::ProductsBy chosen(by);
    INFO("products by " << kernels::products_text());
    if (by == kernels::Products::own)
      on_every_isa(body);
    else
      body();
  }
}

}  // namespace

TEST_CASE(
    "gemm gives the textbook product for every transposition, edge and instruction set, whatever the "
    "threads") {
  const Sizes all[] = {{1, 1, 1},    {2, 3, 4},     {13, 33, 7},   {14, 32, 16},    {15, 17, 65},
                       {64, 10, 40}, {10, 64, 30},  {40, 70, 300}, {7, 100, 257},   {100, 129, 64},
                       {5, 5, 0},    {97, 65, 513}, {64, 128, 64}, {171, 2100, 65}, {400, 150, 520}};
  by_all_products([&] {
    for (const Sizes& sizes : all) {
      const Index m = sizes.m, n = sizes.n, k = sizes.k;
      for (const int options : {0, 1, 2, 3, 4, 5, 6, 7}) {
        const bool trans_a = options & 1, trans_b = options & 2, accumulate = options & 4;
        const Index lda = (trans_a ? m : k) + 3, ldb = (trans_b ? k : n) + 2, ldc = n + 5;
        const Numbers a = random_numbers((trans_a ? k : m) * lda, 1),
                      b = random_numbers((trans_b ? n : k) * ldb, 2);
        const Numbers c = random_numbers(m * ldc, 3);
        const Numbers found = same_on_two_threads(c, [&](real* out) {
          kernels::gemm(trans_a, trans_b, m, n, k, a.data(), lda, b.data(), ldb, out, ldc, accumulate);
        });
        INFO("m " << m << " n " << n << " k " << k << " options " << options);
        // ldc > n: the comparison also sees that nothing right of C was touched.
        // half a unit in the last place for each of k terms, of which each is below 1
        const double rounding = std::max(2e-5, static_cast<double>(k) * std::pow(2.0, -24));
        CHECK(difference(found, naive_gemm(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, ldc, accumulate)) <
              rounding);
      }
    }
  });
}

TEST_CASE("gemm gives the same bits with AVX2 and AVX-512") {
  const kernels::ProductsBy ours(kernels::Products::own);
  const Index m = 90, n = 150, k = 600;
  const Numbers a = random_numbers(m * k, 1), b = random_numbers(k * n, 2);
  Numbers narrow(static_cast<std::size_t>(m * n)), wide = narrow;
  kernels::limit_isa(kernels::Isa::avx2);
  kernels::gemm(false, false, m, n, k, a.data(), k, b.data(), n, narrow.data(), n, false);
  const bool has_avx2 = kernels::isa() == kernels::Isa::avx2;
  kernels::limit_isa(kernels::Isa::avx512);
  kernels::gemm(false, false, m, n, k, a.data(), k, b.data(), n, wide.data(), n, false);
  if (has_avx2) CHECK(narrow == wide);
}

TEST_CASE("linear forward and backward are the products of the textbook, for any batch") {
  const Sizes all[] = {{1, 10, 37},   {1, 64, 200},  {1, 9, 16},   {2, 5, 3},      {64, 10, 84},
                       {64, 100, 70}, {70, 33, 120}, {33, 97, 45}, {160, 200, 170}};
  const kernels::Activation none, relu{kernels::Activation::Kind::relu};
  by_all_products([&] {
    for (const Sizes& sizes : all) {
      const Index batch = sizes.m, out = sizes.n, in = sizes.k;
      INFO("batch " << batch << " in " << in << " out " << out);
      const Numbers x = random_numbers(batch * in, 1), w = random_numbers(out * in, 2),
                    bias = random_numbers(out, 3);
      const Numbers grad = random_numbers(batch * out, 4);
      Numbers expected(static_cast<std::size_t>(batch * out));
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = bias[i % static_cast<std::size_t>(out)];
      expected = naive_gemm(false, true, batch, out, in, x, in, w, in, expected, out, true);
      const Numbers blank(static_cast<std::size_t>(batch * out), real(7));
      const auto forward = [&](kernels::Activation act) {
        return same_on_two_threads(blank, [&](real* y) {
          kernels::linear_forward(batch, in, out, x.data(), w.data(), bias.data(), act, y);
        });
      };
      CHECK(difference(forward(none), expected) < 2e-5);
      for (auto& value : expected) value = std::max(value, real(0));
      CHECK(difference(forward(relu), expected) < 2e-5);

      for (const bool accumulate : {false, true}) {
        const Numbers w0 = random_numbers(out * in, 5), b0 = random_numbers(out, 6),
                      x0 = random_numbers(batch * in, 7);
        const Numbers ones(static_cast<std::size_t>(batch), real(1));
        const auto backward = [&](real* grad_w, real* grad_bias, real* grad_x) {
          kernels::linear_backward_weight(batch, in, out, x.data(), grad.data(), grad_w, accumulate,
                                          grad_bias, accumulate);
          if (grad_x)
            kernels::linear_backward_input(batch, in, out, w.data(), grad.data(), grad_x, accumulate);
        };
        CHECK(difference(same_on_two_threads(w0, [&](real* g) { backward(g, nullptr, nullptr); }),
                         naive_gemm(true, false, out, in, batch, grad, out, x, in, w0, in, accumulate)) <
              2e-5);
        CHECK(difference(same_on_two_threads(b0, [&](real* g) { backward(nullptr, g, nullptr); }),
                         naive_gemm(true, false, out, 1, batch, grad, out, ones, 1, b0, 1, accumulate)) <
              2e-5);
        CHECK(difference(same_on_two_threads(x0, [&](real* g) { backward(nullptr, nullptr, g); }),
                         naive_gemm(false, false, batch, in, out, grad, out, w, in, x0, in, accumulate)) <
              2e-5);
      }
    }
  });
}

TEST_CASE(
    "gemm gives the bits of one chain of multiply-adds for each element, however large and however cut") {
  const kernels::ProductsBy ours(kernels::Products::own);
  const Index m = 200, n = 300, k = 700;  // more than a block of A, and than a panel is deep
  const Numbers a = random_numbers(m * k, 1), b = random_numbers(k * n, 2);
  Numbers whole(static_cast<std::size_t>(m * n)), parts = whole;
  kernels::gemm(false, false, m, n, k, a.data(), k, b.data(), n, whole.data(), n, false);
  for (Index i = 0; i < m; i += 40)  // too few rows for A to be packed
    for (Index j = 0; j < n; j += 100)
      kernels::gemm_block(40, 100, k, {a.data() + i * k, k}, {b.data() + j, n}, parts.data() + i * n + j, n,
                          false);
  CHECK(whole == parts);
}
