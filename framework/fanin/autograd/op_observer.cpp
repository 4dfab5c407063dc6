#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/autograd/op_observer.hpp>

namespace fanin {
namespace {

thread_local OpObserver* innermost = nullptr;

}  // namespace

OpObserver::OpObserver(Callback callback)
    : callback_(std::move(callback)), before_(std::exchange(innermost, this)) {}
OpObserver::~OpObserver() { innermost = before_; }

bool OpObserver::active() { return innermost != nullptr; }

void OpObserver::tell(const RanOp& op) {
  // What the function itself computes is not told.
  OpObserver* const told = std::exchange(innermost, nullptr);
  struct Back {
    OpObserver* observer;
    ~Back() { innermost = observer; }
  } const back{told};
  told->callback_(op);
}

}  // namespace fanin
