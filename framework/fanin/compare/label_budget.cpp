#include <algorithm>

#include <fanin/compare/label_budget.hpp>
#include <fanin/core/fail.hpp>

namespace fanin::compare {
namespace {

constexpr Index enough_images = 1000;
constexpr Index most_budgets = 10;

/// Marks the images of a seed's budget.
void mark(std::vector<bool>& marks, const data::Dataset& training, Index labels, std::uint64_t seed) {
  std::vector<Index> counts = training.class_counts();
  for (Index& count : counts) count = std::min(count, labels);
  for (const Index i : training.draw_by_class(counts, seed).first) marks[static_cast<std::size_t>(i)] = true;
}

}  // namespace

data::Sets budget_for_tuning(const data::Dataset& training, Index labels_per_class, std::uint64_t seed,
                             const std::vector<std::uint64_t>& scoring_seeds) {
  const auto count = static_cast<std::size_t>(training.count);
  std::vector<bool> own(count), others(count);
  mark(own, training, labels_per_class, seed);
  for (const std::uint64_t other : scoring_seeds) mark(others, training, labels_per_class, other);
  std::vector<Index> scored;
  for (std::size_t i = 0; i < count; ++i)
    if (others[i] && !own[i]) scored.push_back(static_cast<Index>(i));
  if (scored.empty())
    fail_usage(
        "rates cannot be tuned with {} labels per class: '{}' has no images beyond them; leave out --tune, or use fewer labels",
        labels_per_class, training.name);
  return {training.take_per_class(labels_per_class, seed), training.subset(scored), {}};
}

int scoring_budgets(Index labels_per_class, int classes) {
  const Index each = std::max<Index>(1, labels_per_class * classes);
  return static_cast<int>(std::clamp((enough_images + each - 1) / each, Index{1}, most_budgets));
}

std::vector<std::uint64_t> seeds_beside(const std::vector<std::uint64_t>& taken, std::uint64_t first,
                                        std::size_t count) {
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = first; seeds.size() < count; ++seed)
    if (std::find(taken.begin(), taken.end(), seed) == taken.end()) seeds.push_back(seed);
  return seeds;
}

}  // namespace fanin::compare
