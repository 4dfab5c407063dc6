// The same seed draws the same bits on every processor.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <fanin/init/init.hpp>
#include <fanin/kernels/gemm/products.hpp>

#include "tests/init/reference.hpp"
#include "tests/kernels/naive.hpp"

using namespace fanin;

namespace {

const Shape matrix{90, 301}, square{150, 150}, filters{32, 16, 3, 3};

Tensor drawn(const std::string& text, const Shape& shape) {
  Tensor w(shape);
  Generator gen(7);
  init::parse(text).fill(w, gen);
  return w;
}

/// Does the CPU multiply and add in one rounding? By that alone matrix products differ.
bool fuses() {
#ifdef __aarch64__
  return true;
#else
  return kernels::isa() != kernels::Isa::baseline;
#endif
}

}  // namespace

TEST_CASE("same bits: draws are those of another machine") {
  // CRC-32 of what an x86-64 with AVX2 drew.
  const std::pair<const char*, std::pair<Shape, std::uint32_t>> all[] = {
      {"uniform(a=-0.3, b=0.2)", {matrix, 1026636157u}},
      {"normal(std=0.1)", {matrix, 4200435950u}},
      {"normal", {Shape{3, 5}, 3599280333u}},
      {"trunc_normal(std=0.02)", {matrix, 3549207713u}},
      {"trunc_normal(a=-1, b=0.5)", {matrix, 1655454702u}},
      {"kaiming_uniform(a=2.23606797749979)", {filters, 4162440847u}},
      {"kaiming_normal(mode=fan_out)", {filters, 2945022356u}},
      {"he_normal", {filters, 2860618771u}},
      {"sparse(0.2)", {square, 2847614864u}},
      {"nguyen_widrow", {matrix, 2150086032u}},
      {"oivs", {matrix, 3749981020u}},
      {"positive_unitball", {matrix, 3931890175u}},
      {"orthogonal", {matrix, 1567747517u}},
      {"orthogonal(gain=1.41)", {square, 2481675045u}},
      {"orthogonal", {Shape{301, 90}, 1321455973u}},
      {"delta_orthogonal", {filters, 2502108723u}},
  };
  for (const auto& row : all) {
    const std::string text = row.first;
    const Shape& shape = row.second.first;
    CAPTURE(text);
    CAPTURE(shape.to_string());
    const bool by_products = text.find("orthogonal") != std::string::npos;
    naive::on_every_isa([&] {
      if (!by_products || fuses()) CHECK(crc_of(drawn(text, shape)) == row.second.second);
    });
    // What computes a network's products is not asked when weights are drawn.
    const kernels::ProductsBy openblas(kernels::Products::openblas);
    if (!by_products || fuses()) CHECK(crc_of(drawn(text, shape)) == row.second.second);
  }
}

TEST_CASE("same bits: without fused multiply-add an orthogonal matrix differs by rounding alone") {
  for (const Shape& shape : {matrix, square}) {
    kernels::limit_isa(kernels::Isa::baseline);
    const Tensor narrow = drawn("orthogonal", shape);
    kernels::limit_isa(kernels::Isa::avx512);
    const Tensor wide = drawn("orthogonal", shape);
    double worst = 0;
    for (std::size_t i = 0; i < narrow.values().size(); ++i)
      worst = std::max(
          worst, std::abs(static_cast<double>(narrow.values()[i]) - static_cast<double>(wide.values()[i])));
    CHECK(worst < 1e-5);
  }
}
