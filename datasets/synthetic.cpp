#include "datasets/synthetic.hpp"

#include <algorithm>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::datasets {
namespace {

constexpr Index grid = 5;  // random values per side of a pattern, interpolated in between

/// grid × grid values in [-1, 1], read at any point of the unit square by bilinear interpolation.
struct Pattern {
  double values[grid * grid];

  explicit Pattern(Generator& gen) {
    for (double& value : values) value = gen.uniform01() * 2 - 1;
  }
  double at(double y, double x) const {
    y = std::clamp(y, 0.0, 1.0) * (grid - 1);
    x = std::clamp(x, 0.0, 1.0) * (grid - 1);
    const Index row = std::min<Index>(static_cast<Index>(y), grid - 2);
    const Index column = std::min<Index>(static_cast<Index>(x), grid - 2);
    const double* corner = values + row * grid + column;
    const double down = y - static_cast<double>(row), right = x - static_cast<double>(column);
    const double top = corner[0] + right * (corner[1] - corner[0]);
    const double bottom = corner[grid] + right * (corner[grid + 1] - corner[grid]);
    return top + down * (bottom - top);
  }
};

}  // namespace

data::Dataset make_synthetic(const SyntheticOptions& options, Split split) {
  if (options.classes < 1 || options.size < 1 || options.channels < 1 || options.count < 1 ||
      !(options.noise >= 0))
    fail_usage("synthetic: {} classes, size {}, {} channels, {} samples, noise {}: all must be positive",
               options.classes, options.size, options.channels, options.count, options.noise);
  const Index count =
      split == Split::train ? options.count : std::max<Index>(options.count / 4, options.classes);
  data::Dataset data{.name = "synthetic",
                     .count = count,
                     .channels = options.channels,
                     .height = options.size,
                     .width = options.size,
                     .classes = options.classes};
  Generator pattern_gen(derive_seed(options.seed, "synthetic patterns"));
  std::vector<Pattern> patterns;
  for (Index k = 0; k < options.classes * options.channels; ++k) patterns.emplace_back(pattern_gen);

  Generator gen(derive_seed(options.seed, split == Split::train ? "synthetic train" : "synthetic test"));
  data.images.reserve(static_cast<std::size_t>(count * data.image_size()));
  for (Index i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(i % options.classes);
    data.labels.push_back(label);
    const double move_y = gen.uniform01() * 0.2 - 0.1, move_x = gen.uniform01() * 0.2 - 0.1;
    const double contrast = 0.6 + 0.4 * gen.uniform01();
    const double step = 1 / static_cast<double>(std::max<Index>(options.size - 1, 1));
    for (Index c = 0; c < options.channels; ++c) {
      const Pattern& pattern = patterns[static_cast<std::size_t>(label * options.channels + c)];
      for (Index y = 0; y < options.size; ++y)
        for (Index x = 0; x < options.size; ++x) {
          const double clean =
              pattern.at(static_cast<double>(y) * step + move_y, static_cast<double>(x) * step + move_x);
          const double noise = options.noise * (gen.uniform01() + gen.uniform01() - 1) * 2;
          const double pixel = 127.5 + 100 * (contrast * clean + noise);
          data.images.push_back(static_cast<std::uint8_t>(std::clamp(pixel, 0.0, 255.0)));
        }
    }
  }
  return data;
}

}  // namespace fanin::datasets
