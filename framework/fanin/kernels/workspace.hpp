#pragma once
#include <fanin/core/memory.hpp>

namespace fanin::kernels {

/// Scratch memory for the length of a call, 64-byte aligned, from the thread's caching pool: free after the
/// first step.
template <class T = real>
class Workspace {
 public:
  explicit Workspace(Index size)
      : bytes_(static_cast<std::size_t>(size) * sizeof(T)), data_(static_cast<T*>(pool_allocate(bytes_))) {}
  ~Workspace() { pool_free(data_, bytes_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace fanin::kernels
