#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fanin/core/fail.hpp>
#include <fanin/io/folder_lock.hpp>

namespace fanin::io {

FolderLock::FolderLock(const std::string& folder, const std::string& what)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail("{}: cannot open this folder: {}", folder, std::strerror(errno));
  int status;
  do {
    status = ::flock(descriptor_, LOCK_EX | LOCK_NB);
  } while (status != 0 && errno == EINTR);
  if (status == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  fail(
      "{}: another process is using this folder for its {}; wait until it has ended, or choose another folder",
      folder, what);
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace fanin::io
