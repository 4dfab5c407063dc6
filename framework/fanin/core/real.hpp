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

// Headers of one build with the library of the other would read floats as doubles, also through functions
// whose names tell nothing of `real`. So whoever sees this header refers to a name that only its own build's
// library has (core/real.cpp): the link fails, and the name that is missing says why.
/// @cond
#ifdef FANIN_DOUBLE
extern const char needs_the_library_built_with_FANIN_DOUBLE;
[[gnu::used, gnu::retain]] inline const char* const built_with_double =
    &needs_the_library_built_with_FANIN_DOUBLE;
#else
extern const char needs_the_library_built_without_FANIN_DOUBLE;
[[gnu::used, gnu::retain]] inline const char* const built_with_float =
    &needs_the_library_built_without_FANIN_DOUBLE;
#endif
/// @endcond

}  // namespace fanin
