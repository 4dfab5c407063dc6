#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::io {

/// Where the body of `write_atomically` puts its bytes: a temporary file beside the one to be replaced.
class AtomicWriter {
 public:
  /// For `write_atomically`: writes to an open descriptor; `path` is for messages.
  AtomicWriter(int descriptor, std::string path);
  /// @{
  /// Appends; Error naming the file and the system's reason (disk full, file-size limit, …).
  void write(const void* bytes, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// @}
  std::size_t written() const { return written_; }  ///< bytes so far

 private:
  friend void write_atomically(const std::string&, const std::function<void(AtomicWriter&)>&);
  void flush();
  void put(const char* bytes, std::size_t size);

  int descriptor_;
  std::string path_;
  std::vector<char> pending_;
  std::size_t written_ = 0;
};

/// Replaces the file at `path` as a whole or not at all, whenever the process or the machine stops: `body`
/// writes to a temporary file in the same folder, which is synced, renamed over `path`, and the folder
/// synced. On an Error, from `body` or from the system, the old file is untouched and the temporary one
/// removed. What a writer that was killed left in the folder goes with a process's first write to it.
/// Permissions of an existing file are kept, and a symbolic link is followed, so that the file it points to
/// is the one replaced.
void write_atomically(const std::string& path, const std::function<void(AtomicWriter&)>& body);

/// Removes the temporary files that writers which were killed left in `folder`: those of this kind of name on
/// which no process holds the lock that its writer held. A folder that cannot be read is left as it is.
void remove_abandoned(const std::string& folder);

}  // namespace fanin::io
