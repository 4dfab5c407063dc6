#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/writable.hpp>

namespace fanin::io {
namespace {

namespace fs = std::filesystem;

/// Makes a file in `folder` and removes it again; errno, or 0. Named as `remove_abandoned` expects, which
/// clears away what earlier writers that were killed left, so that it does not pile up while the work runs.
int try_file(const fs::path& folder) {
  remove_abandoned(folder.string());
  std::string name = (folder / ".try.tmp.fanin-XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return errno;
  ::close(descriptor);
  ::unlink(name.c_str());
  return 0;
}

}  // namespace

void require_writable_file(const std::string& path) {
  std::error_code failed;
  if (path.empty()) fail("cannot write a file without a name");
  const auto status = fs::status(path, failed);
  if (fs::is_directory(status)) fail("{}: cannot write this file: it is a folder", path);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    fail("{}: cannot write this file: not a regular file, so it cannot be replaced; choose another path",
         path);
  }
  if (failed && failed != std::errc::no_such_file_or_directory)
    fail("{}: cannot write this file: {}", path, failed.message());
  fs::path target = path;
  if (fs::is_symlink(target, failed)) target = fs::weakly_canonical(target, failed);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, failed)) {
    fail("{}: cannot write this file: {} is not a folder; make it first", path, folder.string());
  }
  if (const int reason = try_file(folder))
    fail("{}: cannot write this file: {}", path, std::strerror(reason));
}

void require_writable_folder(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed || !fs::is_directory(folder, failed)) {
    fail("{}: cannot make this folder: {}", folder, failed ? failed.message() : "it is a file");
  }
  if (const int reason = try_file(folder))
    fail("{}: cannot write into this folder: {}", folder, std::strerror(reason));
}

}  // namespace fanin::io
