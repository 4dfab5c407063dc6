// kernels/random/float_functions.inl for each instruction set, against the same in double.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <vector>

#include <boost/math/special_functions/erf.hpp>

#include "tests/init/reference.hpp"
#include "tests/kernels/naive.hpp"

#define FANIN_KERNEL_SOURCE "tests/kernels/test_float_functions.cpp"
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/random/float_functions.inl>

/// x, a multiple of 16 numbers, becomes its function.
template <F f(F)>
void apply(std::vector<float>& x) {
  for (std::size_t i = 0; i < x.size(); i += lanes) store(&x[i], f(load<F>(&x[i])));
}
void exp_all(std::vector<float>& x) { apply<nearest_exp>(x); }
void log_all(std::vector<float>& x) { apply<nearest_log>(x); }
void erf_all(std::vector<float>& x) { apply<error_function>(x); }
void central_erf_all(std::vector<float>& x) { apply<central_erf>(x); }

#else  // once

namespace fanin::kernels {
namespace {

void exp_all(std::vector<float>& x) { FANIN_BY_ISA(exp_all(x)); }
void log_all(std::vector<float>& x) { FANIN_BY_ISA(log_all(x)); }
void erf_all(std::vector<float>& x) { FANIN_BY_ISA(erf_all(x)); }
void central_erf_all(std::vector<float>& x) { FANIN_BY_ISA(central_erf_all(x)); }

/// Floats from `first` to `last`, each the `step`-th after the one before, and `last` up to a multiple of 16.
std::vector<float> numbers(float first, float last, std::uint32_t step) {
  std::vector<float> all;
  const auto end = std::bit_cast<std::uint32_t>(last);
  for (auto bits = std::bit_cast<std::uint32_t>(first); bits < end; bits += step)
    all.push_back(std::bit_cast<float>(bits));
  all.resize((all.size() + 16) / 16 * 16, last);
  return all;
}

/// Of what the function gives: the largest distance from what `exact` does, in units of the last place, the
/// CRC-32, one on every instruction set, and for how many numbers it is not the float nearest to that.
struct Seen {
  double ulps = 0;
  std::uint32_t crc = 0;
  int not_nearest = 0;
};
template <class Function, class Exact>
Seen see(Function function, const std::vector<float>& x, Exact exact) {
  Seen seen;
  naive::on_every_isa([&] {
    std::vector<float> y = x;
    function(y);
    const std::uint32_t crc = crc_of(y.data(), y.size() * sizeof(float));
    if (seen.crc != 0) CHECK(crc == seen.crc);
    seen.crc = crc;
    seen.not_nearest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double want = exact(static_cast<double>(x[i]));
      const float nearest = static_cast<float>(want), size = std::abs(nearest);
      const double ulp = static_cast<double>(size) - static_cast<double>(std::nextafter(size, 0.0f));
      seen.ulps = std::max(seen.ulps, std::abs(static_cast<double>(y[i]) - want) / ulp);
      seen.not_nearest += std::bit_cast<std::uint32_t>(y[i]) != std::bit_cast<std::uint32_t>(nearest);
    }
  });
  return seen;
}

}  // namespace
}  // namespace fanin::kernels

using namespace fanin::kernels;

TEST_CASE("float functions: exp and log give the nearest float, the same on every instruction set") {
  const auto exp = [](double x) { return std::exp(x); };
  for (const float sign : {-1.0f, 1.0f}) {
    std::vector<float> x = numbers(1e-10f, 80, 997);
    for (float& v : x) v *= sign;
    CHECK(see(exp_all, x, exp).not_nearest == 0);
  }
  CHECK(see(log_all, numbers(1e-37f, 0.7f, 997), [](double x) { return std::log(x); }).not_nearest == 0);
}

TEST_CASE("float functions: erf is within 0.82 ulp of Boost.Math's, with the bits that were recorded") {
  const auto erf = [](double x) { return boost::math::erf(x); };
  const std::vector<float> x = numbers(1e-20f, 10, 997);
  const Seen seen = see(erf_all, x, erf);
  CHECK(seen.ulps < 0.82);
  CHECK(seen.crc == 31253185u);

  std::vector<float> negative = x, central = numbers(1e-20f, 1.25f, 997), both = central;
  for (float& v : negative) v = -v;
  erf_all(negative);
  std::vector<float> positive = x;
  erf_all(positive);
  for (float& v : negative) v = -v;
  CHECK(negative == positive);
  central.resize(central.size() - 16);  // without its end, which is 1.25 itself
  both = central;
  central_erf_all(central);
  erf_all(both);
  CHECK(central == both);

  std::vector<float> ends(16, 0.0f);
  ends[1] = HUGE_VALF;
  ends[2] = -HUGE_VALF;
  ends[3] = 1e30f;
  erf_all(ends);
  CHECK(ends[0] == 0);
  CHECK(ends[1] == 1);
  CHECK(ends[2] == -1);
  CHECK(ends[3] == 1);
}

#endif
