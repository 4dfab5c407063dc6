#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>
#include <type_traits>

#include <fanin/core/fail.hpp>
#include <fanin/core/fnv1a.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/kernels/random/random.hpp>
#include <fanin/random/generator.hpp>

namespace fanin {
namespace {

/// One number of SplitMix64 (Steele et al. 2014), which it moves on.
std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

constexpr Index chunk = 2048;  // outputs at a time: they stay in the first-level cache

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

std::uint32_t Generator::next32() {
  std::uint32_t output;
  draw(&output, 1);
  return output;
}

void Generator::draw(std::uint32_t* out, Index n) {
  while (n > 0) {
    if (next_ == words) {
      kernels::mt19937_twist(state_.data());
      next_ = 0;
    }
    const Index now = std::min<Index>(n, words - next_);
    kernels::mt19937_temper(now, state_.data() + next_, out);
    next_ += static_cast<int>(now);
    out += now;
    n -= now;
  }
}

void Generator::discard(Index n) {
  while (n > 0) {
    if (next_ == words) {
      kernels::mt19937_twist(state_.data());
      next_ = 0;
    }
    const Index now = std::min<Index>(n, words - next_);
    next_ += static_cast<int>(now);
    n -= now;
  }
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

void Generator::uniform_float(float* out, Index n, float low, float scale) {
  std::uint32_t outputs[chunk];
  for (Index i = 0; i < n; i += chunk) {
    const Index now = std::min(chunk, n - i);
    draw(outputs, now);
    kernels::uniform_from_outputs(now, outputs, low, scale, out + i);
  }
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
  for (Index i = 0; i < n; i += chunk) {
    const Index now = std::min(chunk, n - i);
    uniform_float(out + i, now, 0, 1);
    kernels::box_muller(now / 16, out + i, m, s);
  }
  if (n % 16 != 0) {
    uniform_float(out + n - 16, 16, 0, 1);
    kernels::box_muller(1, out + n - 16, m, s);
  }
}

void Generator::uniform(std::span<real> out, double a, double b) {
  constexpr double largest = std::numeric_limits<float>::max();
  if (!(std::abs(a) <= largest && std::abs(b) <= largest && b - a <= largest))
    fail("uniform: the interval from {} to {} is not finite", a, b);
  if (a > b) fail("uniform: a = {} is above b = {}; it needs a ≤ b", a, b);
  const auto low = static_cast<float>(a), scale = static_cast<float>(b) - low;
  as_float(out, [&](float* drawn) { uniform_float(drawn, static_cast<Index>(out.size()), low, scale); });
}

void Generator::normal(std::span<real> out, double mean, double std) {
  if (!std::isfinite(mean) || !std::isfinite(std))
    fail("normal: mean {} and std {} must be finite", mean, std);
  if (std < 0) fail("normal: std = {} is negative; it must be ≥ 0", std);
  as_float(out, [&](float* drawn) { normal_float(drawn, static_cast<Index>(out.size()), mean, std); });
}

void Generator::bernoulli(std::span<real> out, double p, real value) {
  if (!(p >= 0 && p <= 1)) fail("bernoulli: probability {} is outside [0, 1]", p);
  const auto threshold = static_cast<std::uint64_t>(std::ceil(p * 0x1p53));
  std::uint32_t outputs[chunk];
  const auto n = static_cast<Index>(out.size());
  for (Index i = 0; i < n; i += chunk / 2) {
    const Index now = std::min(chunk / 2, n - i);
    draw(outputs, 2 * now);
    kernels::bernoulli_from_outputs(now, outputs, threshold, value, out.data() + i);
  }
}

std::vector<Index> Generator::randperm(Index n) {
  if (n < 0) fail("randperm: {} is negative; it needs n ≥ 0", n);
  if (n > Index{1} << 40) fail("randperm: {} numbers are too many for this memory", n);
  std::vector<Index> order(static_cast<std::size_t>(n));
  randperm(order);
  return order;
}

void Generator::randperm(std::span<Index> out) { randperm_head(out, static_cast<Index>(out.size())); }

void Generator::randperm_head(std::span<Index> out, Index head) {
  const auto n = static_cast<Index>(out.size());
  if (head < 0 || head > n) fail("randperm: the first {} of {} values do not exist", head, n);
  std::iota(out.begin(), out.end(), Index{0});
  const Index swaps = std::min(head, std::max<Index>(0, n - 1));
  if (n >> 32) {
    for (Index i = 0; i < swaps; ++i)
      std::swap(out[static_cast<std::size_t>(i)], out[static_cast<std::size_t>(i + below(n - i))]);
    for (Index i = swaps; i < n - 1; ++i) below(n - i);
    return;
  }
  std::uint32_t outputs[chunk];
  for (Index i = 0; i < swaps; i += chunk) {
    const Index now = std::min(chunk, swaps - i);
    draw(outputs, now);
    for (Index j = 0; j < now; ++j) {
      const auto at = static_cast<std::size_t>(i + j);
      std::swap(out[at], out[at + outputs[j] % static_cast<std::uint32_t>(out.size() - at)]);
    }
  }
  discard(std::max<Index>(0, n - 1 - swaps));
}

void Generator::skip_uniform(Index n) {
  if (n < 0) fail("generator: cannot skip {} draws; it needs n ≥ 0", n);
  discard(n);
}

void Generator::skip_normal(Index n) {
  if (n < 0) fail("generator: cannot skip {} draws; it needs n ≥ 0", n);
  if (n >= 16) return discard(n % 16 == 0 ? n : n + 16);
  float drawn[16];  // the sine that an odd count leaves behind is part of the state
  normal_float(drawn, n, 0, 1);
}

Generator Generator::fork(std::string_view name) const {
  std::uint64_t key = derive_seed(seed_ + renewals_, name);
  const auto mix = [&key](std::uint64_t value) { key = split_mix(key) ^ value; };
  for (const std::uint32_t word : state_) mix(word);
  mix(static_cast<std::uint64_t>(next_));
  mix(has_cached_normal_ ? std::bit_cast<std::uint64_t>(cached_normal_) : 0);
  mix(renewals_);
  Generator forked(key);
  // The engine's own seeding knows 32 bits of the key, too few for streams that must not meet.
  for (std::uint32_t& word : forked.state_) word = static_cast<std::uint32_t>(split_mix(key) >> 32);
  return forked;
}

std::string Generator::save() const {
  std::string text = fmt::format("mt19937 {:016x} {:03x} {} {:016x} ", seed_, next_,
                                 has_cached_normal_ ? 1 : 0, std::bit_cast<std::uint64_t>(cached_normal_));
  for (std::uint32_t word : state_) fmt::format_to(std::back_inserter(text), "{:08x}", word);
  if (renewals_ != 0) fmt::format_to(std::back_inserter(text), " {:016x}", renewals_);
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
  if (!rest.empty()) {
    skip(" ");
    restored.renewals_ = number(16);
    if (restored.renewals_ == 0) refuse();
  }
  if (!rest.empty() || next > words || cached > 1 || !std::isfinite(restored.cached_normal_)) refuse();
  restored.next_ = static_cast<int>(next);
  restored.has_cached_normal_ = cached == 1;
  return restored;
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose) {
  std::uint64_t z = seed + fnv1a(purpose);  // mixed by two rounds of SplitMix64
  for (int round = 0; round < 2; ++round) z = split_mix(z);
  return z;
}

}  // namespace fanin
