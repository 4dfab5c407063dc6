#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin {

/// A block of at least so many bytes, contents unset, from a caching pool: blocks are kept by size class when
/// freed, a few by each thread and the rest for all of them, so a training step asks the system for nothing
/// after its first round, and a class never holds more than were once in use together and those few,
/// whichever threads make and free. Aligned to 64 bytes. Under AddressSanitizer every block is the system's.
/// std::bad_alloc when the system refuses, even after `pool_trim`.
void* pool_allocate(std::size_t bytes);
/// Gives back a block that was asked for with as many bytes, on any thread; nothing for a null pointer.
void pool_free(void* block, std::size_t bytes) noexcept;
/// Returns this thread's blocks, and those kept for all, to the system.
void pool_trim() noexcept;
/// How many blocks this thread has asked the system for so far (the zero-allocation test watches it).
std::uint64_t pool_system_allocations();

/// Asks the system to back the whole huge pages within a block, not yet touched, by such: the first touch
/// then costs one page fault for 2 MiB in place of 512, which take longer than filling it. Where the system
/// has no huge pages, nothing is lost.
void prefer_huge_pages(void* block, std::size_t bytes) noexcept;

/// The pool as a standard allocator: `PoolVector`, `std::allocate_shared(PoolAllocator<T>{}, …)`.
template <class T>
struct PoolAllocator {
  /// @{
  /// What the standard asks of an allocator. All of them are equal: any gives back what another took.
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(pool_allocate(n * sizeof(T))); }
  void deallocate(T* block, std::size_t n) noexcept { pool_free(block, n * sizeof(T)); }
  template <class U>
  bool operator==(const PoolAllocator<U>&) const {
    return true;
  }
  /// @}
};

/// A vector whose memory is the pool's.
template <class T>
using PoolVector = std::vector<T, PoolAllocator<T>>;

/// std::make_shared in the pool's memory.
template <class T, class... Args>
std::shared_ptr<T> make_pooled(Args&&... args) {
  return std::allocate_shared<T>(PoolAllocator<T>{}, std::forward<Args>(args)...);
}

}  // namespace fanin
