#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin {

/// A source of random numbers: MT19937 (Matsumoto & Nishimura 1998), drawing what PyTorch draws on a CPU, bit
/// for bit, for the same seed. A value: copying it forks the stream, and two equal generators go on equally.
/// Never shared behind the user's back: whoever draws is handed one.
class Generator {
 public:
  static constexpr int words = 624;  ///< of 32 bits: the engine's state

  /// As in PyTorch, the engine is seeded with the low 32 bits of `seed`.
  explicit Generator(std::uint64_t seed);
  /// What it was seeded with.
  std::uint64_t seed() const { return seed_; }

  /// The engine's next output: 32 random bits.
  std::uint32_t next32();
  /// 64 random bits from two outputs, the first being the high half.
  std::uint64_t random64();
  /// In [0, 1), 53 bits; takes a `random64`.
  double uniform01();
  /// In 0..n-1, by remainder as in PyTorch's `random_`: takes one output, two for n ≥ 2^32. Error for n < 1.
  Index below(Index n);

  /// @{
  /// `Tensor.uniform_(a, b)`: one output an element, a + (b - a) · u in a single rounding, u of 24 bits in
  /// [0, 1). Error unless a ≤ b and b - a is finite.
  void uniform(std::span<real> out, double a, double b);
  void uniform(real* out, Index n, double a, double b) { uniform({out, static_cast<std::size_t>(n)}, a, b); }
  /// @}
  /// @{
  /// `Tensor.normal_(mean, std)`: Box-Muller; for fewer than 16 elements in double with the odd sine kept for
  /// the next draw, else in float by blocks of 16. Error for a negative std, or a number that is not finite.
  void normal(std::span<real> out, double mean, double std);
  void normal(real* out, Index n, double mean, double std) {
    normal({out, static_cast<std::size_t>(n)}, mean, std);
  }
  /// @}
  /// `Tensor.bernoulli_(p) * value`: each element is `value` with probability p, else 0 (two outputs an
  /// element). Dropout's mask is bernoulli(mask, 1 - p, 1 / (1 - p)). Error unless 0 ≤ p ≤ 1.
  void bernoulli(std::span<real> out, double p, real value = 1);

  /// `torch.randperm(n)`: 0..n-1 in random order (Fisher-Yates). Error for n < 0.
  std::vector<Index> randperm(Index n);
  /// The same into memory the caller has; draws what `randperm(out.size())` draws.
  void randperm(std::span<Index> out);
  /// The same draws, but only the first `head` values are in the order of `randperm`; the others follow in
  /// any. Error unless 0 ≤ head ≤ out.size().
  void randperm_head(std::span<Index> out, Index head);

  /// @{
  /// Moves on as `uniform` and `normal` of n elements would, drawing nothing: a cached normal comes to be, or
  /// to be used up, as there. Error for n < 0.
  void skip_uniform(Index n);
  void skip_normal(Index n);
  /// @}
  /// A stream of its own, keyed by this one's whole state and `name`; this one does not move.
  Generator fork(std::string_view name) const;
  /// From here on `fork` gives new streams, though no number was drawn: for whoever forks and may draw
  /// nothing.
  void renew_forks() { ++renewals_; }

  /// The whole state as one line of text, for a checkpoint.
  std::string save() const;
  /// The generator that `save` wrote; Error for any other text.
  static Generator restore(std::string_view text);

  /// Whether both draw the same numbers from here on; what they `fork` may differ (`renew_forks`).
  bool operator==(const Generator& other) const {
    return next_ == other.next_ && has_cached_normal_ == other.has_cached_normal_ &&
           cached_normal_ == other.cached_normal_ && seed_ == other.seed_ && state_ == other.state_;
  }

 private:
  void draw(std::uint32_t* out, Index n);
  void discard(Index n);
  void uniform_float(float* out, Index n, float low, float scale);
  void normal_float(float* out, Index n, double mean, double std);

  std::array<std::uint32_t, words> state_;
  int next_ = words;  // the next word of state_ to hand out; `words` when a new block is due
  std::uint64_t seed_;
  bool has_cached_normal_ = false;
  double cached_normal_ = 0;
  std::uint64_t renewals_ = 0;  // of what `fork` gives
};

/// A seed for one purpose within a run: `derive_seed(seed, "shuffle")`. Independent of the other purposes'
/// seeds, so that e.g. another number of weights does not change the batches. Stable across versions and
/// machines.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose);

}  // namespace fanin
