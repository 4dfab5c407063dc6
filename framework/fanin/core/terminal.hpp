#pragma once

namespace fanin {

/// Columns of the terminal that stdout is; 0 where it is none, or does not say.
int output_width();

}  // namespace fanin
