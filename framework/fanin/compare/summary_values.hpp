#pragma once
#include <fanin/compare/results.hpp>
#include <fanin/compare/table.hpp>

namespace fanin::compare {

/// The whole summary as one table: a row for each model, kind of learning rate and scheme, best mean of its
/// model first. Accuracies are in percent for people, in CSV shares as in results.json.
Table summary_values(const Comparison& comparison);

}  // namespace fanin::compare
