#pragma once
#include <cstdint>

namespace fanin {

/// The engine's number: float, or double in the build the gradient checks use (`-DFANIN_DOUBLE`).
#ifdef FANIN_DOUBLE
using real = double;
#else
using real = float;
#endif

/// Counts and positions of elements; signed, so that differences are safe.
using Index = std::int64_t;

}  // namespace fanin
