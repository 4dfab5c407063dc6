#pragma once
#include <memory>
#include <string>

#include "framework/io/dtype.hpp"

namespace fanin {

/// A file's bytes as read-only memory: pages come from the system's cache when touched, nothing is allocated.
/// Whoever keeps a view into `bytes` must also keep the `shared_ptr`.
class MappedFile {
 public:
  /// Error naming the path when it is missing, unreadable or not a regular file. An empty file maps to no
  /// bytes.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  const std::byte* data_;
  std::size_t size_;
};

}  // namespace fanin
