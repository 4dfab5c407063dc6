#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>

#include <fanin/core/memory.hpp>
#include <fanin/core/sanitizer.hpp>

#if FANIN_ASAN
#define FANIN_POOL_IS_SYSTEM 1  // let the sanitizer see every block's true life
#endif

namespace fanin {
namespace {

constexpr std::size_t smallest = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Four classes to each power of two: at most a quarter of a block is waste.
std::size_t class_of(std::size_t bytes) {
  if (bytes <= smallest) return 0;
  // 2^top < bytes <= 2^(top+1)
  const std::size_t top = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
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

constexpr std::size_t class_count = 240;

/// A class's free blocks, the last freed first: it may still lie in a cache.
struct FreeList {
  FreeBlock* head = nullptr;
  std::size_t count = 0;

  void push(void* block) noexcept {
    head = new (block) FreeBlock{head};
    ++count;
  }
  void* pop() noexcept {
    FreeBlock* block = head;
    head = block->next;
    --count;
    return block;
  }
  void move_to(FreeList& other, std::size_t most) noexcept {
    for (std::size_t left = std::min(most, count); left > 0; --left) other.push(pop());
  }
};

using FreeLists = std::array<FreeList, class_count>;

void give_back(FreeLists& lists) noexcept {
  for (std::size_t size_class = 0; size_class < class_count; ++size_class) {
    while (lists[size_class].count > 0) system_free(lists[size_class].pop(), size_class);
  }
}

/// How many blocks of a class a thread keeps for itself: small ones by the dozen, none of those beside whose
/// first touch a mutex costs nothing.
[[maybe_unused]] std::size_t most_kept(std::size_t size_class) {
  constexpr std::size_t most_bytes = std::size_t{256} << 10, most_blocks = 64;
  return std::min(most_blocks, most_bytes / size_of(size_class));
}

/// What threads have to spare. Never destroyed: static tensors are freed at the very end.
struct Shared {
  std::mutex mutex;
  FreeLists free;

  void trim() noexcept {
    FreeLists taken;
    {
      const std::lock_guard lock(mutex);
      taken = free;
      free = {};
    }
    give_back(taken);
  }
};

constinit Shared shared;

/// A child process has none of the threads that might hold the mutex, so it is taken over the fork.
[[maybe_unused]] const int watch_forks = ::pthread_atfork(
    [] { shared.mutex.lock(); }, [] { shared.mutex.unlock(); }, [] { shared.mutex.unlock(); });

struct Pool {
  FreeLists free;
  std::uint64_t system_allocations = 0;
  bool alive = true;

  ~Pool() {
    alive = false;
    const std::lock_guard lock(shared.mutex);
    for (std::size_t size_class = 0; size_class < class_count; ++size_class)
      free[size_class].move_to(shared.free[size_class], free[size_class].count);
  }
};

thread_local Pool pool;

}  // namespace

void* pool_allocate(std::size_t bytes) {
  const std::size_t size_class = class_of(bytes);
#ifndef FANIN_POOL_IS_SYSTEM
  FreeList& mine = pool.free[size_class];
  if (mine.count == 0) {
    const std::lock_guard lock(shared.mutex);
    shared.free[size_class].move_to(mine, pool.alive ? most_kept(size_class) / 2 + 1 : 1);
  }
  if (mine.count > 0) return mine.pop();
#endif
  ++pool.system_allocations;
  try {
    return system_allocate(size_class);
  } catch (const std::bad_alloc&) {
    pool_trim();
    return system_allocate(size_class);
  }
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
  FreeList& mine = pool.free[size_class];
  mine.push(block);
  const std::size_t most = most_kept(size_class);
  if (mine.count <= most) return;
  const std::lock_guard lock(shared.mutex);
  mine.move_to(shared.free[size_class], most / 2 + 1);
#endif
}

void pool_trim() noexcept {
  give_back(pool.free);
  shared.trim();
}

std::uint64_t pool_system_allocations() { return pool.system_allocations; }

void prefer_huge_pages(void* block, std::size_t bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t begin = (address + huge_page - 1) / huge_page * huge_page,
                       end = (address + bytes) / huge_page * huge_page;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace fanin
