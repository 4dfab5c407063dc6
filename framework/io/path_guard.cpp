#include "framework/io/path_guard.hpp"

#include "framework/core/error.hpp"

namespace fanin {

int& PathGuard::depth() {
  thread_local int guards = 0;
  return guards;
}

void PathGuard::check(const std::string& path) {
  if (depth() > 0) fail("'{}' is not opened, since only the metadata of a file ask for it", path);
}

}  // namespace fanin
