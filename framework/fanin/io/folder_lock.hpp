#pragma once
#include <string>

namespace fanin::io {

/// A folder held for this process alone, among those that ask: an advisory lock (flock) on the folder itself,
/// which leaves no file behind and which the kernel gives back when the process ends, however it ends. Where
/// the file system knows no locks, nothing is held and nothing refused.
class FolderLock {
 public:
  /// Error when another holder has the folder (`what` says what for), or when it cannot be opened.
  FolderLock(const std::string& folder, const std::string& what);
  ~FolderLock();
  /// The lock goes over; what is left behind holds nothing.
  FolderLock(FolderLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace fanin::io
