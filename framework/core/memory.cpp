#include "framework/core/memory.hpp"

#include <sys/mman.h>

#include <array>
#include <bit>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define FANIN_POOL_IS_SYSTEM 1  // let the sanitizer see every block's true life
#endif

namespace fanin {
namespace {

constexpr std::size_t smallest = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Four classes to each power of two: at most a quarter of a block is waste.
std::size_t class_of(std::size_t bytes) {
  if (bytes <= smallest) return 0;
  const std::size_t top =
      static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^top < bytes <= 2^(top+1)
  const std::size_t quarter = std::size_t{1} << (top - 2);
  const std::size_t step = (bytes - (std::size_t{1} << top) + quarter - 1) / quarter;  // 1..4
  return (top - 6) * 4 + step;
}

std::size_t size_of(std::size_t size_class) {
  if (size_class == 0) return smallest;
  const std::size_t top = (size_class - 1) / 4 + 6;
  return (std::size_t{1} << top) + ((size_class - 1) % 4 + 1) * (std::size_t{1} << (top - 2));
}

/// Large blocks begin on a huge page.
std::align_val_t alignment_of(std::size_t size_class) {
  return std::align_val_t{size_of(size_class) >= huge_page ? huge_page : smallest};
}

void* system_allocate(std::size_t size_class) {
  const std::size_t bytes = size_of(size_class);
  void* block = ::operator new(bytes, alignment_of(size_class));
  prefer_huge_pages(block, bytes);
  return block;
}

void system_free(void* block, std::size_t size_class) noexcept {
  ::operator delete(block, alignment_of(size_class));
}

struct FreeBlock {
  FreeBlock* next;
};

struct Pool {
  std::array<FreeBlock*, 240> free{};
  std::uint64_t system_allocations = 0;
  bool alive = true;

  void trim() noexcept {
    for (std::size_t size_class = 0; size_class < free.size(); ++size_class) {
      FreeBlock*& head = free[size_class];
      while (head != nullptr) {
        FreeBlock* next = head->next;
        system_free(head, size_class);
        head = next;
      }
    }
  }
  ~Pool() {
    trim();
    alive = false;
  }
};

thread_local Pool pool;

}  // namespace

void* pool_allocate(std::size_t bytes) {
  const std::size_t size_class = class_of(bytes);
#ifndef FANIN_POOL_IS_SYSTEM
  FreeBlock*& head = pool.free[size_class];
  if (head != nullptr) {
    FreeBlock* block = head;
    head = block->next;
    return block;
  }
#endif
  ++pool.system_allocations;
  return system_allocate(size_class);
}

void pool_free(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  const std::size_t size_class = class_of(bytes);
#ifdef FANIN_POOL_IS_SYSTEM
  system_free(block, size_class);
#else
  if (!pool.alive) {  // a static tensor outliving its thread's pool
    system_free(block, size_class);
    return;
  }
  FreeBlock*& head = pool.free[size_class];
  head = new (block) FreeBlock{head};
#endif
}

void pool_trim() noexcept { pool.trim(); }

std::uint64_t pool_system_allocations() { return pool.system_allocations; }

void prefer_huge_pages(void* block, std::size_t bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t begin = (address + huge_page - 1) / huge_page * huge_page,
                       end = (address + bytes) / huge_page * huge_page;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace fanin
