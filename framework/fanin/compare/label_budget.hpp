#pragma once
#include <cstdint>
#include <vector>

#include <fanin/data/sets.hpp>

namespace fanin::compare {

/// How a learning rate is chosen where only `labels_per_class` images of each class have labels, too few to
/// spare any for validation: by runs on other budgets than the reported seeds', as whoever has met such tasks
/// before would know what works on them. A run trains on the budget that `seed` draws (as
/// Dataset::take_per_class does), and is scored on those of `scoring_seeds`, all together, without the images
/// that are in its own. So a score takes only labels that some budget pays for, never the rest of the training
/// set, and no image is both trained and scored on. The test set stays empty. Error (usage) where the other
/// budgets hold no other images: the data has no more.
data::Sets budget_for_tuning(const data::Dataset& training, Index labels_per_class, std::uint64_t seed,
                             const std::vector<std::uint64_t>& scoring_seeds);

/// How many budgets of so many images are scored on: enough for a thousand images, at least 1 and at most 10.
int scoring_budgets(Index labels_per_class, int classes);

/// The first `count` seeds from `first` on that are none of `taken`.
std::vector<std::uint64_t> seeds_beside(const std::vector<std::uint64_t>& taken, std::uint64_t first,
                                        std::size_t count);

}  // namespace fanin::compare
