#include "framework/core/generator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>
#include <type_traits>

#include "framework/core/error.hpp"
#include "framework/core/memory.hpp"

namespace fanin {
namespace {

constexpr int shift_words = 397;

std::uint32_t temper(std::uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

std::uint32_t recurrence(std::uint32_t high, std::uint32_t low, std::uint32_t far) {
  const std::uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return far ^ (y >> 1) ^ ((0u - (low & 1u)) & 0x9908b0dfu);
}

// 16 uniforms (eight u1, eight u2) become 16 normals.
void box_muller_16(float* v, float mean, float std) {
  for (int j = 0; j < 8; ++j) {
    const float radius = std::sqrt(-2 * std::log(1 - v[j]));
    const float theta = 2 * std::numbers::pi_v<float> * v[j + 8];
    v[j] = std::fma(radius * std::cos(theta), std, mean);
    v[j + 8] = std::fma(radius * std::sin(theta), std, mean);
  }
}

// Draws floats and widens them in the double build: both builds then start from the same numbers.
template <class Draw>
void as_float(std::span<real> out, Draw draw) {
  if constexpr (std::is_same_v<real, float>) {
    draw(reinterpret_cast<float*>(out.data()));
  } else {
    PoolVector<float> drawn(out.size());
    draw(drawn.data());
    std::copy(drawn.begin(), drawn.end(), out.begin());
  }
}

}  // namespace

Generator::Generator(std::uint64_t seed) : seed_(seed) {
  state_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < words; ++i)
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
}

void Generator::twist() {
  constexpr int split = words - shift_words;
  for (int i = 0; i < split; ++i) state_[i] = recurrence(state_[i], state_[i + 1], state_[i + shift_words]);
  for (int i = split; i < words - 1; ++i) state_[i] = recurrence(state_[i], state_[i + 1], state_[i - split]);
  state_[words - 1] = recurrence(state_[words - 1], state_[0], state_[shift_words - 1]);
  next_ = 0;
}

std::uint32_t Generator::next32() {
  if (next_ == words) twist();
  return temper(state_[static_cast<std::size_t>(next_++)]);
}

std::uint64_t Generator::random64() {
  const std::uint64_t high = next32();
  return (high << 32) | next32();
}

double Generator::uniform01() {
  return static_cast<double>(random64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
}

Index Generator::below(Index n) {
  if (n < 1) fail("generator: below({}) has no value to draw; it needs n ≥ 1", n);
  const auto range = static_cast<std::uint64_t>(n);
  return static_cast<Index>((range >> 32 ? random64() : next32()) % range);
}

void Generator::fill24(float* out, Index n, float a, float scale) {
  for (Index i = 0; i < n; ++i)
    out[i] = std::fma(static_cast<float>(next32() & 0xffffffu) * 0x1p-24f, scale, a);
}

void Generator::uniform_float(float* out, Index n, double a, double b) {
  const float low = static_cast<float>(a), high = static_cast<float>(b);
  fill24(out, n, low, high - low);
}

void Generator::normal_float(float* out, Index n, double mean, double std) {
  if (n < 16) {
    for (Index i = 0; i < n; ++i) {
      double value = cached_normal_;
      if (!has_cached_normal_) {
        const double u1 = uniform01(), u2 = uniform01();
        const double radius = std::sqrt(-2 * std::log1p(-u2)), theta = 2 * std::numbers::pi * u1;
        cached_normal_ = radius * std::sin(theta);
        value = radius * std::cos(theta);
      }
      has_cached_normal_ = !has_cached_normal_;
      out[i] = static_cast<float>(value * std + mean);
    }
    if (!has_cached_normal_) cached_normal_ = 0;
    return;
  }
  const auto m = static_cast<float>(mean), s = static_cast<float>(std);
  fill24(out, n, 0, 1);
  for (Index i = 0; i + 16 <= n; i += 16) box_muller_16(out + i, m, s);
  if (n % 16 != 0) {
    fill24(out + n - 16, 16, 0, 1);
    box_muller_16(out + n - 16, m, s);
  }
}

void Generator::uniform(std::span<real> out, double a, double b) {
  constexpr double largest = std::numeric_limits<float>::max();
  if (!(std::abs(a) <= largest && std::abs(b) <= largest && b - a <= largest))
    fail("uniform: the interval from {} to {} is not finite", a, b);
  if (a > b) fail("uniform: a = {} is above b = {}; it needs a ≤ b", a, b);
  as_float(out, [&](float* drawn) { uniform_float(drawn, static_cast<Index>(out.size()), a, b); });
}

void Generator::normal(std::span<real> out, double mean, double std) {
  if (!std::isfinite(mean) || !std::isfinite(std))
    fail("normal: mean {} and std {} must be finite", mean, std);
  if (std < 0) fail("normal: std = {} is negative; it must be ≥ 0", std);
  as_float(out, [&](float* drawn) { normal_float(drawn, static_cast<Index>(out.size()), mean, std); });
}

void Generator::bernoulli(std::span<real> out, double p, real value) {
  if (!(p >= 0 && p <= 1)) fail("bernoulli: probability {} is outside [0, 1]", p);
  for (real& element : out) element = uniform01() < p ? value : real{0};
}

std::vector<Index> Generator::randperm(Index n) {
  if (n < 0) fail("randperm: {} is negative; it needs n ≥ 0", n);
  std::vector<Index> order(static_cast<std::size_t>(n));
  randperm(order);
  return order;
}

void Generator::randperm(std::span<Index> out) {
  std::iota(out.begin(), out.end(), Index{0});
  for (std::size_t i = 0; i + 1 < out.size(); ++i)
    std::swap(out[i], out[i + static_cast<std::size_t>(below(static_cast<Index>(out.size() - i)))]);
}

std::string Generator::save() const {
  std::string text = fmt::format("mt19937 {:016x} {:03x} {} {:016x} ", seed_, next_,
                                 has_cached_normal_ ? 1 : 0, std::bit_cast<std::uint64_t>(cached_normal_));
  for (std::uint32_t word : state_) fmt::format_to(std::back_inserter(text), "{:08x}", word);
  return text;
}

Generator Generator::restore(std::string_view text) {
  std::string_view rest = text;
  const auto refuse = [&] {
    fail("generator: '{}…' is not a saved state; it must be the text that save() wrote", text.substr(0, 24));
  };
  const auto skip = [&](std::string_view expected) {
    if (!rest.starts_with(expected)) refuse();
    rest.remove_prefix(expected.size());
  };
  const auto number = [&](std::size_t digits) {
    if (rest.size() < digits) refuse();
    std::uint64_t value = 0;
    for (char c : rest.substr(0, digits)) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) refuse();
      value = value << 4 | digit;
    }
    rest.remove_prefix(digits);
    return value;
  };
  skip("mt19937 ");
  Generator restored(number(16));
  skip(" ");
  const auto next = number(3);
  skip(" ");
  const auto cached = number(1);
  skip(" ");
  restored.cached_normal_ = std::bit_cast<double>(number(16));
  skip(" ");
  for (std::uint32_t& word : restored.state_) word = static_cast<std::uint32_t>(number(8));
  if (!rest.empty() || next > words || cached > 1 || !std::isfinite(restored.cached_normal_)) refuse();
  restored.next_ = static_cast<int>(next);
  restored.has_cached_normal_ = cached == 1;
  return restored;
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a of the purpose …
  for (char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  std::uint64_t z = seed + hash;  // … mixed with the seed by two rounds of SplitMix64
  for (int round = 0; round < 2; ++round) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
  }
  return z;
}

}  // namespace fanin
