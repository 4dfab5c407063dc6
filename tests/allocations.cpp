#include "tests/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local std::uint64_t calls = 0;
}

std::uint64_t heap_allocations() { return calls; }

#ifdef __SANITIZE_ADDRESS__
bool counts_allocations() { return false; }
#else
bool counts_allocations() { return true; }

void* operator new(std::size_t bytes) {
  ++calls;
  if (void* block = std::malloc(bytes ? bytes : 1)) return block;
  throw std::bad_alloc();
}

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++calls;
  const auto step = static_cast<std::size_t>(alignment);
  if (void* block = std::aligned_alloc(step, (bytes + step - 1) / step * step)) return block;
  throw std::bad_alloc();
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
#endif
