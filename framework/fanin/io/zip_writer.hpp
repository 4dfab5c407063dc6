#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/io/atomic_file.hpp>

namespace fanin::io {

/// Writes a zip archive of stored members straight into a file; zip64 where sizes need it.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicWriter& out) : out_(out) {}
  /// Adds a member in three steps, as its CRC stands before its bytes: the caller runs over them twice.
  void begin(const std::string& name, std::uint64_t size, std::uint32_t crc);
  void write(const void* bytes, std::size_t size) { out_.write(bytes, size); }
  void finish();

 private:
  struct Member {
    std::string name;
    std::uint64_t size, offset;
    std::uint32_t crc;
  };
  AtomicWriter& out_;
  std::vector<Member> members_;
};

}  // namespace fanin::io
