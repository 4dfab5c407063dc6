#include "tests/allocations.hpp"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fanin/core/sanitizer.hpp>

namespace {

thread_local std::uint64_t calls = 0;
thread_local std::int64_t held = 0, most_held = 0;  // bytes; below 0 where another thread's blocks are freed

}  // namespace

std::uint64_t heap_allocations() { return calls; }

MemoryWatch::MemoryWatch() : held_before_(held) { most_held = held; }
std::size_t MemoryWatch::peak() const { return static_cast<std::size_t>(most_held - held_before_); }

#if FANIN_ASAN || FANIN_TSAN
bool counts_allocations() { return false; }
#else
bool counts_allocations() { return true; }

// The C library's allocator under its second name. A program that defines all of malloc's family replaces it
// everywhere, also within libraries such as zlib (glibc manual, "Replacing malloc"); `operator new` calls
// malloc.
extern "C" {
void* __libc_malloc(std::size_t bytes) noexcept;
void* __libc_calloc(std::size_t count, std::size_t bytes) noexcept;
void* __libc_realloc(void* block, std::size_t bytes) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t bytes) noexcept;
void __libc_free(void* block) noexcept;
}

namespace {

std::int64_t size_of_block(void* block) {
  return static_cast<std::int64_t>(::malloc_usable_size(block));
}  // 0 for null

void* counted(void* block) {
  if (block == nullptr) return nullptr;
  ++calls;
  held += size_of_block(block);
  most_held = std::max(most_held, held);
  return block;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept { return counted(__libc_malloc(bytes)); }
void* calloc(std::size_t count, std::size_t bytes) noexcept { return counted(__libc_calloc(count, bytes)); }
void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return counted(__libc_memalign(alignment, bytes));
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept { return memalign(alignment, bytes); }

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
  void* found = memalign(alignment, bytes);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}

void* realloc(void* block, std::size_t bytes) noexcept {
  const std::int64_t before = size_of_block(block);
  void* moved = __libc_realloc(block, bytes);
  if (moved != nullptr || bytes == 0) held -= before;
  return counted(moved);
}

void free(void* block) noexcept {
  held -= size_of_block(block);
  __libc_free(block);
}

}  // extern "C"
#endif
