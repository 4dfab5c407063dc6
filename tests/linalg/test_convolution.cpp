// A convolution's singular values against those that NumPy takes of what PyTorch does to every unit image.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/linalg/convolution.hpp>
#include <fanin/linalg/svd.hpp>

#include "tests/message.hpp"
#include "tests/reference/spectra.hpp"

using namespace fanin;
using doctest::Approx;

TEST_CASE("linalg: singular values are NumPy's") {
  for (const auto& one : spectra_reference()["matrices"]) {
    const auto found = linalg::singular_values(linalg::Matrix{one["rows"], one["columns"], one["values"]});
    const std::vector<double> expected = one["singular_values"];
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(std::abs(found[i] - expected[i]) < 1e-13 * expected[0]);
  }
}

TEST_CASE("linalg: a convolution's singular values are those of PyTorch's, as a dense matrix") {
  for (const auto& one : spectra_reference()["convolutions"]) {
    const std::vector<double> values = one["values"], expected = one["singular_values"];
    const linalg::Convolution kernels{.out = one["out"],
                                      .in = one["in"],
                                      .height = one["kernel"][0],
                                      .width = one["kernel"][1],
                                      .groups = one["groups"],
                                      .stride_h = one["stride"][0],
                                      .stride_w = one["stride"][1],
                                      .dilation_h = one["dilation"][0],
                                      .dilation_w = one["dilation"][1],
                                      .values = values};
    INFO("groups " << kernels.groups << " stride " << kernels.stride_h << " dilation " << kernels.dilation_h);
    const auto found = linalg::convolution_singular_values(kernels, one["height"], one["width"]);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(std::abs(found[i] - expected[i]) < 1e-12 * expected[0]);
  }
}

TEST_CASE("linalg: a convolution that does not fit its image is refused") {
  const std::vector<double> values(2 * 3 * 3 * 3);
  const linalg::Convolution kernels{.out = 2, .in = 3, .height = 3, .width = 3, .values = values};
  const auto refused = [&](auto change, std::size_t height, std::size_t width) {
    linalg::Convolution changed = kernels;
    change(changed);
    return message([&] { linalg::convolution_singular_values(changed, height, width); });
  };
  CHECK(holds(refused([](auto&) {}, 2, 8), "smaller than a kernel"));
  CHECK(holds(refused([](auto& c) { c.dilation_h = 4; }, 8, 8), "smaller than a kernel, 9×3"));
  CHECK(holds(refused([](auto& c) { c.stride_w = 2; }, 8, 7), "no multiple of the stride 1×2"));
  CHECK(holds(refused([](auto& c) { c.groups = 3; }, 8, 8), "in 3 groups"));
  CHECK(holds(refused([](auto& c) { c.in = 4; }, 8, 8), "54 values"));
  CHECK(refused([](auto&) {}, 3, 3) == "no error");
}
