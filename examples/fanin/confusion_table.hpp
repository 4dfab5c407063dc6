#pragma once
#include <string>

#include <fanin/data/dataset.hpp>
#include <fanin/train/metrics.hpp>

namespace fanin::program {

/// The confusion matrix as text of at most `width` columns: a row for each true class with how many samples it has,
/// a column for each predicted one, by name where all names have room and by number otherwise; where not all
/// columns have room they stand in several tables, one below the other.
std::string confusion_table(const train::Confusion& confusion, const data::Dataset& data, int width);

}  // namespace fanin::program
