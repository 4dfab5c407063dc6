#include "framework/io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

[[noreturn]] void fail_system(const char* doing, const std::string& path) {
  const int reason = errno;
  fail("{}: cannot {}: {}", path, doing, std::strerror(reason));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int close() { return value_ < 0 ? 0 : ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

/// Removes the temporary file unless it was renamed.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

void sync_folder(const std::string& folder, const std::string& path) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) fail_system("open its folder", path);
  // Some file systems have no sync for folders; there the rename is as durable as it gets.
  if (::fsync(opened.get()) != 0 && errno != EINVAL && errno != ENOTSUP) fail_system("sync its folder", path);
}

mode_t permissions_for(const std::string& path) {
  struct stat existing {};
  if (::stat(path.c_str(), &existing) == 0) {
    if (!S_ISREG(existing.st_mode))
      fail("{}: not a regular file, so it cannot be replaced; choose another path", path);
    return existing.st_mode & 07777;
  }
  // There is no way to read the mask without setting it.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

AtomicWriter::AtomicWriter(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path)) {
  pending_.reserve(buffer_bytes);
}

void AtomicWriter::write(const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  if (pending_.size() + size > buffer_bytes) flush();
  if (size >= buffer_bytes) {
    put(from, size);
  } else {
    pending_.insert(pending_.end(), from, from + size);
  }
  written_ += size;
}

void AtomicWriter::flush() {
  put(pending_.data(), pending_.size());
  pending_.clear();
}

void AtomicWriter::put(const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t done = ::write(descriptor_, bytes, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_system("write (the old file, if any, is untouched)", path_);
    bytes += done;
    size -= static_cast<std::size_t>(done);
  }
}

void write_atomically(const std::string& path, const std::function<void(AtomicWriter&)>& body) {
  if (path.empty()) fail("cannot write a file without a name");
  std::error_code broken;
  const std::filesystem::path target = std::filesystem::is_symlink(path, broken)
                                           ? std::filesystem::weakly_canonical(path, broken)
                                           : std::filesystem::path(path);
  if (broken && broken != std::errc::no_such_file_or_directory) {
    fail("{}: cannot follow the symbolic link: {}", path, broken.message());
  }
  const std::string folder = target.has_parent_path() ? target.parent_path().string() : ".";

  const mode_t permissions = permissions_for(target.string());
  std::string name = target.string() + ".tmp.XXXXXX";
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.get() < 0) fail_system("create a temporary file beside it", path);
  Temporary temporary(name);

  AtomicWriter writer(file.get(), path);
  body(writer);
  writer.flush();
  if (::fchmod(file.get(), permissions) != 0) fail_system("set permissions", path);
  if (::fsync(file.get()) != 0) fail_system("sync", path);
  if (file.close() != 0) fail_system("close", path);
  if (::rename(name.c_str(), target.c_str()) != 0) fail_system("rename the temporary file", path);
  temporary.keep();
  sync_folder(folder, path);
}

}  // namespace fanin
