#pragma once
#include <cstdint>

/// How many times this thread has called `operator new` so far, the pool's calls included; always 0 under
/// AddressSanitizer, which must see the real one.
std::uint64_t heap_allocations();
/// Whether `heap_allocations` counts, and the pool keeps its blocks.
bool counts_allocations();
