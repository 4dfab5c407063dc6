#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include <fanin/io/dtype.hpp>

struct stat;

namespace fanin::io {

/// A file's bytes as read-only memory: pages come from the system's cache when touched, nothing is allocated.
/// Whoever keeps a view into `bytes` must also keep the `shared_ptr`.
///
/// Another process may cut the file short meanwhile. Pages that are gone then read as zeros rather than end
/// the program (SIGBUS; other faults go to the handler that was there before), and `check` says so: whoever
/// has read calls it before anything rests on what was read.
class MappedFile {
 public:
  /// Error naming the path when it is missing, unreadable or not a regular file. An empty file maps to no
  /// bytes.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return {data_, size_}; }  ///< as long as this lives
  /// Error naming the file when it was cut short or written to since it was opened. A file that took its
  /// place, or its removal, changes nothing here.
  void check() const;

  struct Guard;  ///< what the handler of SIGBUS knows of one mapping

 private:
  /// What a write to the file changes.
  struct Version {
    dev_t device = 0;
    ino_t inode = 0;
    off_t bytes = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    static Version of(const struct stat& status);
    bool operator==(const Version&) const = default;
  };
  MappedFile(std::string path, const Version& opened, const std::byte* data, std::size_t size);

  std::string path_;
  Version opened_;
  const std::byte* data_;
  std::size_t size_;
  Guard* guard_ = nullptr;
};

/// What `read` makes of a mapped file's bytes. An Error is the file's own only if the file is still what it
/// was.
template <class Read>
auto read_mapped(const MappedFile& map, const Read& read) {
  try {
    auto result = read();
    map.check();
    return result;
  } catch (...) {
    map.check();
    throw;
  }
}

}  // namespace fanin::io
