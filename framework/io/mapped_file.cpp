#include "framework/io/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "framework/core/error.hpp"

namespace fanin {

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  const auto fail_system = [&](const char* doing) {
    const int reason = errno;
    fail("{}: cannot {}: {}", path, doing, std::strerror(reason));
  };
  // O_NONBLOCK: opening a pipe must not wait for a writer; it has no effect on regular files.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail_system("open");
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } const closer{descriptor};

  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail_system("read its size");
  if (S_ISDIR(status.st_mode)) fail("{}: is a folder, expected a file", path);
  if (!S_ISREG(status.st_mode))
    fail("{}: is not a regular file, expected one that can be mapped into memory", path);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile(nullptr, 0));

  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) fail_system("map into memory");
  ::madvise(data, size, MADV_WILLNEED);
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace fanin
