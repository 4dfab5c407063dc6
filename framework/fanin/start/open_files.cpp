#include <utility>

#include <fanin/io/path_guard.hpp>
#include <fanin/start/open_files.hpp>

namespace fanin::start {
namespace {

thread_local OpenFiles* innermost = nullptr;

}  // namespace

OpenFiles::OpenFiles() : before_(std::exchange(innermost, this)) {}
OpenFiles::~OpenFiles() { innermost = before_; }

std::shared_ptr<const io::TensorFile> OpenFiles::open(const std::string& path, const std::string& key) {
  io::PathGuard::check(path);
  const auto read = [&] { return std::make_shared<const io::TensorFile>(io::read_tensor_file(path, key)); };
  if (!innermost) return read();
  auto& file = innermost->files_[{path, key}];
  if (!file) file = read();
  return file;
}

}  // namespace fanin::start
