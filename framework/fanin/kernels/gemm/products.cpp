#include <atomic>
#include <cstdlib>
#include <limits>
#include <optional>
#include <type_traits>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/core/openblas.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/simd/isa.hpp>

namespace fanin::kernels {
namespace {

constexpr auto texts =
    named_values<Products>("products", {{Products::own, "own"}, {Products::openblas, "openblas"}});

std::optional<Products> asked() {
  const char* text = std::getenv("FANIN_PRODUCTS");
  if (!text || !*text) return std::nullopt;
  if (const auto found = texts.find(text)) return found;
  fail_usage("FANIN_PRODUCTS is '{}'; it must be 'own' or 'openblas'", printable(text, 40));
}

Products by_variable() {
  if (const auto found = asked()) return *found;
  if (widest_isa() != Isa::baseline) return Products::own;
  try {
    openblas_address("sgemm_");
    return Products::openblas;
  } catch (const Error&) {
    return Products::own;
  }
}

/// By the variable and this CPU, whatever a test limits it to later.
Products usual() {
  static const Products usual = by_variable();
  return usual;
}

constexpr int undecided = -1;
std::atomic<int> chosen{undecided};

}  // namespace

Products products() {
  const int by = chosen.load(std::memory_order_relaxed);
  if (by != undecided) return static_cast<Products>(by);
  const Products found = usual();
  chosen.store(static_cast<int>(found), std::memory_order_relaxed);
  return found;
}

void check_products() { static_cast<void>(asked()); }

std::string products_text() {
  return products() == Products::own ? "own" : fmt::format("openblas, {}", openblas_text());
}

ProductsBy::ProductsBy(Products by) { chosen.store(static_cast<int>(by)); }
ProductsBy::~ProductsBy() { chosen.store(undecided); }

void openblas_gemm_block(Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate) {
  using Gemm = void(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                    const real* alpha, const real* a, const int* lda, const real* b, const int* ldb,
                    const real* beta, real* c, const int* ldc, std::size_t, std::size_t);
  static Gemm* const gemm = openblas_function<Gemm>(std::is_same_v<real, double> ? "dgemm_" : "sgemm_");
  const auto size = [](Index count) {
    if (count > std::numeric_limits<int>::max())
      fail("a matrix of {} rows or columns is too large for OpenBLAS", count);
    return static_cast<int>(count);
  };
  // Column-major, our matrices are their transposes: cᵀ = bᵀ aᵀ.
  const int columns = size(n), rows = size(m), depth = size(k), ldb = size(b.stride), lda = size(a.stride),
            stride = size(ldc);
  const real one = 1, beta = accumulate ? real(1) : real(0);
  const OpenBlasTurn turn;
  gemm(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &columns, &rows, &depth, &one, b.data, &ldb,
       a.data, &lda, &beta, c, &stride, 1, 1);
}

}  // namespace fanin::kernels
