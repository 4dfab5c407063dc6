#pragma once
#include <functional>

namespace fanin {

/// While one lives, its function is called on this thread after each op that a backward pass has
/// differentiated and let go: what has a gradient by then that no op of the graph will add to may be taken.
/// Inner ones take the outer one's place.
class AfterEachOp {
 public:
  /// From here on.
  explicit AfterEachOp(std::function<void()> call);
  ~AfterEachOp();
  AfterEachOp(const AfterEachOp&) = delete;
  AfterEachOp& operator=(const AfterEachOp&) = delete;

 private:
  std::function<void()> call_, *before_;
};

}  // namespace fanin
