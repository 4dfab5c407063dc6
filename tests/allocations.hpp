#pragma once
#include <cstddef>
#include <cstdint>

/// How many times this thread has asked the C library for memory so far (malloc and its kin, in every
/// library, and with them `operator new`), the pool's calls included; always 0 under the sanitizers that need
/// the real ones.
std::uint64_t heap_allocations();
/// Whether `heap_allocations` counts, and the pool keeps its blocks.
bool counts_allocations();

/// The most such memory that this thread held at once since the watch began, beyond what it held then; always
/// 0 where `counts_allocations()` is false.
class MemoryWatch {
 public:
  MemoryWatch();
  std::size_t peak() const;

 private:
  std::int64_t held_before_;
};
