#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>
#include <fanin/models.hpp>

/// @file
/// What the probe's word is held against: networks drawn from a seed, so that nobody chose them, and what
/// became of them when they were trained.
namespace fanin::probe_validation {

/// A model, a scheme and a run, and what they were drawn as.
struct Pair {
  std::string activation;    ///< family: "tanh"
  std::string architecture;  ///< family: "plain conv"
  int round = 0;             ///< see `all_pairs`; -1 for one of a family that is kept back
  std::string data;          ///< set: "mnist"
  std::string model;         ///< text
  std::string scheme;        ///< text
  double lr = 0;             ///< of plain SGD
  Index batch = 0;           ///< samples a step
  int epochs = 0;            ///< of `images` samples
  std::uint64_t seed = 0;    ///< of weights, batches and probe

  /// A line that tells it from all others.
  std::string key() const;
  /// Whether what is weighed, and how, was chosen by it; the others are what that is held against.
  bool may_be_looked_at() const { return round >= 0 && round < looked_at; }
  /// Whether it is of a family that no fit ever sees.
  bool kept_back() const { return round < 0; }

  static constexpr int looked_at = 8;  ///< rounds
};

/// The activations and the architectures: every one is left out once.
std::vector<std::string> activations();
std::vector<std::string> architectures();
/// Those that no fit sees, and that nothing was chosen by.
std::vector<std::string> kept_back_activations();
std::vector<std::string> kept_back_architectures();

/// Those of an independent check; `rounds` times one for each activation on each architecture, of which by the
/// first ones measures were chosen and fitted; then those of the families kept back.
std::vector<Pair> all_pairs();
inline constexpr int rounds = 13;

/// How every pair is trained: plain SGD over the first `images` training images, tested on the first `tests`
/// test images. From `trained` on a run has trained: halfway from chance, 0.1, to the best, 0.8 to 0.95.
inline constexpr Index images = 4000, tests = 1000;
inline constexpr double trained = 0.5;

/// The images that a pair sees: for convolutions at full resolution at half their side (means of 2×2 pixels).
data::Sets sets_of(const Pair& pair);

/// Its model, for such images.
nn::ModulePtr build(const Pair& pair, const models::InputSpec& input);

}  // namespace fanin::probe_validation
