#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <fanin/compare/kept_runs.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::compare {
namespace {

namespace fs = std::filesystem;

constexpr Index largest_run = Index{256} << 20;

/// A text that says its own checksum first.
std::string sealed(const std::string& content) {
  return fmt::format("{{\"crc32\": \"{:08x}\",\n{}", libdeflate_crc32(0, content.data(), content.size()),
                     content);
}

std::string content_of(const std::string& print, const Run& run) {
  return fmt::format("\"of\": {},\n\"run\": {}}}\n", io::json_text(print), run_json(run));
}

/// All bytes of a regular file. Never waits: a FIFO is refused, not opened for a writer that may not come.
std::string bytes_of(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (file < 0) fail("it cannot be opened: {}", std::strerror(errno));
  struct Closing {
    int file;
    ~Closing() { ::close(file); }
  } const closing{file};
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) fail("it is not a regular file");
  if (status.st_size > largest_run)
    fail("it has {} bytes, more than any run takes", static_cast<Index>(status.st_size));
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t now = ::read(file, bytes.data() + done, bytes.size() - done);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) fail("it cannot be read: {}", std::strerror(errno));
    if (now == 0) break;
    done += static_cast<std::size_t>(now);
  }
  bytes.resize(done);
  return bytes;
}

Run run_in(const std::string& bytes, const std::string& path, const std::string& print) {
  const auto start = bytes.find('\n');
  if (start == std::string::npos || bytes != sealed(bytes.substr(start + 1)))
    fail("its checksum is not that of its contents");
  try {
    const auto json = nlohmann::ordered_json::parse(bytes);
    if (io::json_text(json.at("of").get<std::string>()) != io::json_text(print))
      fail("it is of other settings than its name says");
    return run_from_json(json.at("run").dump(), path);
  } catch (const nlohmann::json::exception&) {
    fail("it does not hold a run");
  }
}

}  // namespace

KeptRuns::KeptRuns(const std::string& folder, Notice notice, bool journalled)
    : folder_(folder), notice_(std::move(notice)) {
  if (folder_.empty()) return;
  io::require_writable_folder(folder_);
  io::remove_abandoned(folder_);
  journal_ = std::make_unique<RunJournal>((fs::path(folder_) / "journal").string(), journalled, notice_);
}

void KeptRuns::append(const std::string& print, std::string& run, RunJournal::Kept kept) const {
  if (journal_)
    journal_->append(print, run, std::move(kept));
  else
    kept(run);
}

void KeptRuns::flush() const {
  if (journal_) journal_->flush();
}

std::string KeptRuns::path_of(const Run& key, const std::string& print) const {
  std::string stem = key.model + "-" + key.scheme;
  for (char& c : stem) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  // A readable name with a hash behind it, so that runs of other settings never collide.
  return (fs::path(folder_) /
          fmt::format("{}-{}-{:016x}.json", stem.substr(0, 80), key.seed, derive_seed(0, print)))
      .string();
}

void KeptRuns::tell(const std::string& notice) const {
  if (notice_) notice_(notice);
}

std::optional<Run> KeptRuns::find(const Run& key, const std::string& print) const {
  if (folder_.empty()) return std::nullopt;
  if (auto run = journal_->find(print)) return run;
  const std::string path = path_of(key, print);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return std::nullopt;
  try {
    return run_in(bytes_of(path), path, print);
  } catch (const Error& error) {
    tell(fmt::format("{}: a kept run that cannot be used: {}; running {} / {} / seed {} anew", path,
                     error.what(), key.model, key.scheme, key.seed));
    return std::nullopt;
  }
}

void KeptRuns::keep(const Run& run, const Run& key, const std::string& print) const {
  if (folder_.empty()) return;
  const std::string path = path_of(key, print);
  std::error_code failed;
  struct stat there {};
  const bool other = ::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode);
  // A folder may hold something of somebody's: it makes way, but stays.
  if (other && S_ISDIR(there.st_mode))
    fs::rename(path, fmt::format("{}.moved-aside.{}", path, ::getpid()), failed);
  else if (other)
    fs::remove(path, failed);
  try {
    io::write_atomically(path, [&](io::AtomicWriter& file) { file.write(sealed(content_of(print, run))); });
  } catch (const Error& error) {
    tell(fmt::format("{}; this run cannot be kept, and the comparison goes on", error.what()));
  }
}

}  // namespace fanin::compare
