#pragma once
#include <string>

namespace fanin::io {

/// While one lives, this thread opens no weight file: for work that a file's own metadata describe, such as
/// drawing the initial values of a plan found in it, whose schemes may name paths.
class PathGuard {
 public:
  PathGuard() { ++depth(); }
  ~PathGuard() { --depth(); }
  PathGuard(const PathGuard&) = delete;
  PathGuard& operator=(const PathGuard&) = delete;

  /// Error naming the path while a guard lives on this thread.
  static void check(const std::string& path);

 private:
  static int& depth();
};

}  // namespace fanin::io
