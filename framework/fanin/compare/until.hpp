#pragma once
#include <cstddef>
#include <vector>

#include <fanin/compare/counted_runs.hpp>

namespace fanin::compare {

/// The numbers of seeds after which a grid of at most `seeds` that runs until its differences are known well
/// enough looks at them: all, half of them, a quarter, … down to 3, smallest first: 3, 5, 10 for 10. Few looks,
/// because each costs its share of the error rate (`confidence_level`).
std::vector<std::size_t> looks(std::size_t seeds);

/// At a look, those of `settings` that need the seeds up to the next one: every scheme whose difference to
/// the baseline has an interval wider than ± `settings.until`, and their baseline. One whose differences are
/// all equal needs none: more of the same would narrow nothing. One that was narrow at an earlier look has no
/// runs since, and is narrow still.
std::vector<Group> unsettled(const Settings& settings, const std::vector<Run>& runs);

}  // namespace fanin::compare
