#include "tests/allocations.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local std::uint64_t calls = 0;
thread_local std::int64_t held = 0, most_held = 0;  // bytes; below 0 where another thread's blocks are freed

}  // namespace

std::uint64_t heap_allocations() { return calls; }

MemoryWatch::MemoryWatch() : held_before_(held) { most_held = held; }
std::size_t MemoryWatch::peak() const { return static_cast<std::size_t>(most_held - held_before_); }

#ifdef __SANITIZE_ADDRESS__
bool counts_allocations() { return false; }
#else
bool counts_allocations() { return true; }

namespace {

void* counted(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  ++calls;
  held += static_cast<std::int64_t>(::malloc_usable_size(block));
  most_held = std::max(most_held, held);
  return block;
}

void release(void* block) noexcept {
  if (block != nullptr) held -= static_cast<std::int64_t>(::malloc_usable_size(block));
  std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(std::malloc(bytes ? bytes : 1)); }

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (bytes + step - 1) / step * step));
}

void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
#endif
