#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>

namespace fanin::io {
namespace {

/// Between a file's name and six random letters or digits, in the name of the temporary one: nobody else's
/// file has it.
constexpr std::string_view mark = ".tmp.fanin-";
constexpr std::size_t random_letters = 6;
constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

[[noreturn]] void fail_system(const char* doing, const std::string& path) {
  const int reason = errno;
  fail("{}: cannot {}: {}", path, doing, std::strerror(reason));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
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

bool is_temporary(std::string_view name) {
  if (name.size() <= mark.size() + random_letters) return false;
  const std::string_view random = name.substr(name.size() - random_letters);
  return name.substr(0, name.size() - random_letters).ends_with(mark) &&
         std::all_of(random.begin(), random.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

bool lock(int descriptor) {
  int status;
  do {
    status = ::flock(descriptor, LOCK_EX | LOCK_NB);
  } while (status != 0 && errno == EINTR);
  return status == 0;
}

/// A new temporary file for `target`, locked for as long as it is open, which tells others that its writer
/// lives. Its name comes back in `name`. Where the file system knows no locks it has none, and nobody removes
/// it either.
Descriptor create_temporary(const std::string& target, const std::string& path, std::string& name) {
  while (true) {
    name = target + std::string(mark) + std::string(random_letters, 'X');
    Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (file.get() < 0) fail_system("create a temporary file beside it", path);
    // Before it was locked, `remove_abandoned` may have held it for a dead writer's.
    const bool taken = !lock(file.get()) && errno == EWOULDBLOCK;
    struct stat status {};
    if (!taken && ::fstat(file.get(), &status) == 0 && status.st_nlink > 0) return file;
  }
}

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
  thread_local std::set<std::string> cleaned;
  if (cleaned.insert(folder).second) remove_abandoned(folder);
  std::string name;
  Descriptor file = create_temporary(target.string(), path, name);
  // keeps the lock until the file has its own name
  const Descriptor held(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
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

void remove_abandoned(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<std::string> found;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (is_temporary(at->path().filename().string())) found.push_back(at->path().string());
  }
  for (const auto& name : found) {
    const Descriptor file(::open(name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (lock(file.get())) ::unlink(name.c_str());
  }
}

}  // namespace fanin::io
