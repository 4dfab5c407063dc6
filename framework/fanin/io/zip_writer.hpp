#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/io/atomic_file.hpp>

namespace fanin::io {

/// Writes a zip archive of stored members straight into a file; zip64 where sizes need it.
class ZipWriter {
 public:
  /// Writes to `out` from where it stands, which must be its beginning.
  explicit ZipWriter(AtomicWriter& out) : out_(out) {}
  /// Adds a member in three steps, as its CRC stands before its bytes: the caller runs over them twice.
  void begin(const std::string& name, std::uint64_t size, std::uint32_t crc);
  void write(const void* bytes, std::size_t size) { out_.write(bytes, size); }  ///< more of its bytes
  void finish();  ///< the directory, behind the last member

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
