#pragma once

namespace fanin {

/// @{
/// Columns of the terminal that stdout, or stderr, is; else those that $COLUMNS gives; else 80.
int output_width();
int note_width();
/// @}

}  // namespace fanin
