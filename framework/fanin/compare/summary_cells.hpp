#pragma once
#include <fanin/compare/results.hpp>
#include <fanin/compare/table.hpp>

namespace fanin::compare {

/// "2 of 3", or nothing where none is; its number is `count`.
Table::Cell count_cell(int count, int of);

/// The steps to the threshold; "never" where no run reached it, nothing where nobody looked.
Table::Cell steps_cell(const Summary& row);

}  // namespace fanin::compare
