#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fanin/compare/run_bytes.hpp>
#include <fanin/compare/run_journal.hpp>
#include <fanin/core/fail.hpp>

namespace fanin::compare {
namespace {

constexpr std::string_view magic = "fanin\x1Drun";

/// What stands before each run: the fingerprint follows, then the run, which has a checksum of its own.
struct Head {
  char magic[9];
  char none[3];
  std::uint32_t crc;  // of the sizes and the fingerprint
  std::uint32_t print_size;
  std::uint32_t run_size;
};

constexpr std::size_t before_crc =
    offsetof(Head, print_size);  // bytes of a head that the checksum leaves out

std::uint32_t checksum(std::string_view head_and_print) {
  return libdeflate_crc32(0, head_and_print.data() + before_crc, head_and_print.size() - before_crc);
}

/// The record at the beginning of `bytes`; empty where there is no whole one.
std::string_view record_in(std::string_view bytes, Head& head) {
  if (bytes.size() < sizeof head) return {};
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::size_t before = sizeof head + head.print_size, size = before + head.run_size;
  if (std::string_view(head.magic, magic.size()) != magic || size > bytes.size()) return {};
  const std::string_view record = bytes.substr(0, size);
  const bool whole = checksum(record.substr(0, before)) == head.crc && are_whole(record.substr(before));
  return whole ? record : std::string_view();
}

}  // namespace

RunJournal::RunJournal(std::string path, bool append, Notice notice)
    : path_(std::move(path)), notice_(std::move(notice)) {
  const int how = append ? O_RDWR | O_CREAT | O_APPEND : O_RDONLY;
  file_ = ::open(path_.c_str(), how | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
  if (file_ < 0) {
    if (!append) return;  // there is none, or none that can be read
    fail("{}: cannot be opened for writing: {}", path_, std::strerror(errno));
  }
  if (append && ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(std::exchange(file_, -1));
    fail("{}: another comparison is writing here; wait until it has ended, or choose another folder by --out",
         path_);
  }
  read(append);
  if (append) writer_ = std::thread([this] { write_batches(); });
}

RunJournal::~RunJournal() {
  if (writer_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    writer_.join();
  }
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  if (file_ >= 0) ::close(file_);
}

void RunJournal::tell(const std::string& notice) const {
  if (notice_) notice_(notice);
}

void RunJournal::read(bool append) {
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (append) fail("{}: it is not a regular file; runs cannot be kept in it", path_);
    tell(fmt::format("{}: it is not a regular file; no run in it is used", path_));
    return;
  }
  if (status.st_size == 0) return;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file_, 0);
  if (map == MAP_FAILED) {
    tell(fmt::format("{}: it cannot be read: {}; no run in it is used", path_, std::strerror(errno)));
    return;
  }
  bytes_ = {static_cast<const char*>(map), size};
  std::size_t damaged = 0;
  for (std::size_t at = 0; at < size;) {
    Head head;
    const std::string_view record = record_in(bytes_.substr(at), head);
    if (!record.empty()) {
      places_[std::string(record.substr(sizeof head, head.print_size))] = {at + sizeof head + head.print_size,
                                                                           head.run_size};
      at += record.size();
      continue;
    }
    const std::size_t next = std::min(size, bytes_.find(magic, at + 1));
    if (next < size) damaged += next - at;  // at the end it is what a killed process was writing
    at = next;
  }
  if (damaged > 0)
    tell(fmt::format("{}: {} bytes in it are no whole run, and are passed over; what they held is run anew",
                     path_, damaged));
}

std::optional<Run> RunJournal::find(const std::string& print) const {
  const auto found = places_.find(print);
  if (found == places_.end()) return std::nullopt;
  return run_from_bytes(bytes_.substr(found->second.begin, found->second.size));
}

void RunJournal::append(const std::string& print, std::string& run, Kept kept) {
  Head head{.magic = {},
            .none = {},
            .crc = 0,
            .print_size = static_cast<std::uint32_t>(print.size()),
            .run_size = static_cast<std::uint32_t>(run.size())};
  std::memcpy(head.magic, magic.data(), magic.size());
  std::string before(reinterpret_cast<const char*>(&head), sizeof head);
  before += print;
  const std::uint32_t crc = checksum(before);
  std::memcpy(before.data() + offsetof(Head, crc), &crc, sizeof crc);
  bool first = false;  // whether the writer may be asleep
  {
    const std::lock_guard lock(mutex_);
    first = pending_.empty() && !writing_;
    pending_.push_back({std::move(before), std::move(run), std::move(kept)});
    run.clear();
    if (!spare_.empty()) {
      run = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (first) changed_.notify_all();
}

void RunJournal::flush() {
  std::unique_lock lock(mutex_);
  flushing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return pending_.empty() && !writing_; });
  flushing_ = false;
}

/// The reason why they could not be; 0: they were.
int RunJournal::write_all(const std::vector<Pending>& batch) {
  std::vector<iovec> parts;
  for (const Pending& one : batch)
    for (const std::string* part : {&one.before, &one.run})
      parts.push_back({const_cast<char*>(part->data()), part->size()});
  for (std::size_t first = 0; first < parts.size();) {
    const auto count = static_cast<int>(std::min<std::size_t>(parts.size() - first, IOV_MAX));
    const ssize_t now = ::writev(file_, parts.data() + first, count);
    if (now < 0 && errno != EINTR) return errno;
    for (auto left = static_cast<std::size_t>(std::max<ssize_t>(now, 0)); first < parts.size();) {
      iovec& part = parts[first];
      const std::size_t here = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + here;
      part.iov_len -= here;
      left -= here;
      if (part.iov_len > 0) break;
      ++first;
    }
  }
  return ::fdatasync(file_) != 0 ? errno : 0;
}

void RunJournal::write_batches() {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t most_spare = 256;
  // Syncing takes as long for one run as for dozens: where they come by the thousand, they are waited for.
  constexpr auto apart = std::chrono::milliseconds(5);
  std::vector<Pending> batch;
  bool told = false;
  Clock::time_point last = {};
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !pending_.empty(); });
    if (pending_.empty()) return;
    changed_.wait_until(lock, last + apart, [this] { return ending_ || flushing_; });
    last = Clock::now();
    batch.clear();
    std::swap(batch, pending_);
    writing_ = true;
    lock.unlock();
    const int reason = write_all(batch);
    if (reason != 0 && !std::exchange(told, true))
      tell(fmt::format("{}: {}; runs cannot be kept, and the comparison goes on", path_,
                       std::strerror(reason)));
    for (const Pending& one : batch)
      if (one.kept) one.kept(one.run);
    lock.lock();
    for (Pending& one : batch)
      if (spare_.size() < most_spare) spare_.push_back(std::move(one.run));
    writing_ = false;
    changed_.notify_all();
  }
}

}  // namespace fanin::compare
