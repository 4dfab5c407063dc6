#include <fanin/core/fail.hpp>
#include <fanin/io/path_guard.hpp>

namespace fanin::io {

int& PathGuard::depth() {
  thread_local int guards = 0;
  return guards;
}

void PathGuard::check(const std::string& path) {
  if (depth() > 0) fail("'{}' is not opened, since only the metadata of a file ask for it", path);
}

}  // namespace fanin::io
