#pragma once

namespace fanin {

/// Columns of the terminal that stdout is, or else those that $COLUMNS gives; 0 where neither says.
int output_width();
/// Columns for prose: those of `output_width`, else 80.
int prose_width();

}  // namespace fanin
