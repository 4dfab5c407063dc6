#include <fmt/format.h>

#include <cmath>

#include <fanin/compare/summary_cells.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {

Table::Cell count_cell(int count, int of) {
  return {.text = count > 0 ? fmt::format("{} of {}", count, of) : no_value,
          .numbers = {static_cast<double>(count)}};
}

Table::Cell steps_cell(const Summary& row) {
  if (!row.threshold_sought) return {.text = no_value, .numbers = {}};
  if (!row.steps_to_threshold) return {.text = "never", .numbers = {HUGE_VAL}};
  return {.text = text::number(*row.steps_to_threshold, 0), .numbers = {*row.steps_to_threshold}};
}

}  // namespace fanin::compare
