#pragma once
#include <cstdint>

#include <fanin/core/real.hpp>
#include <fanin/datasets.hpp>

namespace fanin::datasets {

struct SyntheticOptions {
  int classes = 10;
  Index size = 28;  ///< images are size × size
  Index channels = 1;
  Index count = 2000;  ///< training samples; the test half has a quarter as many (at least one a class)
  std::uint64_t seed = 0;
  double noise = 0.25;  ///< amplitude of the pixel noise, of the pattern's own
};

/// Images to learn from without any file: each class is a smooth random pattern, each sample that pattern
/// moved by up to a tenth of its size, at its own contrast, under noise. Classes take turns, so that any
/// prefix is balanced. Made from the generator's bits and plain arithmetic alone: the same bytes on every
/// machine. No mean and stddev yet.
data::Dataset make_synthetic(const SyntheticOptions& options, Split split);

}  // namespace fanin::datasets
