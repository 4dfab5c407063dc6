#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

#include <fanin/core/fail.hpp>
#include <fanin/core/near_file.hpp>
#include <fanin/io/mapped_file.hpp>
#include <fanin/io/path_guard.hpp>

namespace fanin::io {

/// One of a list that only grows, so that a signal handler may walk it at any time; one that is free is used
/// again.
struct MappedFile::Guard {
  std::atomic<bool> used{true};
  std::atomic<std::uintptr_t> begin{0}, end{0};
  std::atomic<bool> cut{false};
  Guard* next = nullptr;
};

namespace {

std::atomic<MappedFile::Guard*> guards{nullptr};
struct sigaction handler_before {};
std::uintptr_t page_bytes = 4096;

/// Hands the signal to whom it would have gone without us; the default is to end the program.
void pass_on(int signal, siginfo_t* info, void* context) {
  if ((handler_before.sa_flags & SA_SIGINFO) != 0) return handler_before.sa_sigaction(signal, info, context);
  const auto handler = handler_before.sa_handler;
  if (handler != SIG_DFL && handler != SIG_IGN) return handler(signal);
  const bool sent = info->si_code <= 0;  // by a process, not by an access
  if (sent && handler == SIG_IGN) return;
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
  if (sent) ::raise(signal);  // an access is repeated, and faults again
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  const int reason = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (auto* guard = info->si_code > 0 ? guards.load() : nullptr; guard != nullptr; guard = guard->next) {
    const std::uintptr_t begin = guard->begin.load(), end = guard->end.load();
    if (address < begin || address >= end) continue;
    // The file ends before this page, and so before all that follow it.
    const std::uintptr_t page = address / page_bytes * page_bytes;
    void* const zeros = ::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    guard->cut.store(true);
    errno = reason;
    return;
  }
  pass_on(signal, info, context);
  errno = reason;
}

void install_handler() {
  page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction ours {};
  ours.sa_sigaction = on_bus_error;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigaction(SIGBUS, nullptr, &handler_before);  // known before ours can be called
  ::sigaction(SIGBUS, &ours, nullptr);
}

MappedFile::Guard* guard_over(const std::byte* data, std::size_t size) {
  static std::once_flag once;
  std::call_once(once, install_handler);
  MappedFile::Guard* guard = guards.load();
  for (bool unused = false; guard != nullptr && !guard->used.compare_exchange_strong(unused, true);
       unused = false)
    guard = guard->next;
  const bool made = guard == nullptr;
  if (made) guard = new MappedFile::Guard;
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  guard->cut.store(false);
  guard->begin.store(begin);  // first: while the end is 0 nothing lies within
  guard->end.store((begin + size + page_bytes - 1) / page_bytes * page_bytes);
  if (!made) return guard;
  guard->next = guards.load();
  while (!guards.compare_exchange_weak(guard->next, guard)) {
  }
  return guard;
}

void let_go(MappedFile::Guard* guard) {
  guard->end.store(0);
  guard->begin.store(0);
  guard->used.store(false);
}

}  // namespace

MappedFile::Version MappedFile::Version::of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

MappedFile::MappedFile(std::string path, const Version& opened, const std::byte* data, std::size_t size)
    : path_(std::move(path)), opened_(opened), data_(data), size_(size) {
  if (size > 0) guard_ = guard_over(data, size);
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  PathGuard::check(path);
  const auto fail_system = [&](const char* doing) {
    const int reason = errno;
    fail("{}: cannot {}: {}{}", path, doing, std::strerror(reason),
         reason == ENOENT ? suggest_file(path) : "");
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
  const Version opened = Version::of(status);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile(path, opened, nullptr, 0));

  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) fail_system("map into memory");
  ::madvise(data, size, MADV_WILLNEED);
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, opened, static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (size_ == 0) return;
  ::munmap(const_cast<std::byte*>(data_), size_);
  let_go(guard_);
}

void MappedFile::check() const {
  struct stat now {};
  bool changed = guard_ != nullptr && guard_->cut.load();
  // Within the last page nothing faults: what was cut off there reads as zeros without a signal.
  if (!changed && ::stat(path_.c_str(), &now) == 0) {
    const Version version = Version::of(now);
    changed = version.device == opened_.device && version.inode == opened_.inode && version != opened_;
  }
  if (changed)
    fail("{}: the file was cut short or written to while it was read; load it again once it is complete",
         path_);
}

}  // namespace fanin::io
