#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>

/// @file
/// What the probe's word is held against: networks drawn from a seed, so that nobody chose them, and what
/// became of them when they were trained.
namespace fanin::probe_validation {

/// A model, a scheme and a rate, and what they were drawn as.
struct Pair {
  std::string activation;    ///< family: "tanh"
  std::string architecture;  ///< family: "plain conv"
  std::string data;          ///< set: "mnist"
  std::string model;         ///< text
  std::string scheme;        ///< text
  double lr = 0;             ///< of plain SGD
  std::uint64_t seed = 0;    ///< of weights, batches and probe

  /// A line that tells it from all others.
  std::string key() const;
};

/// The activations and the architectures: every one is left out once.
std::vector<std::string> activations();
std::vector<std::string> architectures();

/// `pairs_each` for each activation on each architecture.
std::vector<Pair> all_pairs();
inline constexpr int pairs_each = 5;

/// How every pair is trained: plain SGD for `epochs` over the first `images` training images in batches of
/// `batch`, tested on the first `tests` test images. From `trained` on a run has trained: of ten classes,
/// chance is 0.1.
inline constexpr int epochs = 3;
inline constexpr Index images = 4000, tests = 1000, batch = 16;
inline constexpr double trained = 0.6;

/// The images that a pair sees: for convolutions at full resolution at half their side (means of 2×2 pixels).
data::Sets sets_of(const Pair& pair);

}  // namespace fanin::probe_validation
