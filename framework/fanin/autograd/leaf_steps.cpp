#include <algorithm>
#include <functional>

#include <fanin/autograd/leaf_steps.hpp>

namespace fanin {
namespace {

thread_local LeafSteps* living = nullptr;

bool earlier(const Shape* a, const Shape* b) { return std::less<>()(a, b); }

}  // namespace

LeafSteps::LeafSteps(std::span<LeafStep> leaves) : leaves_(leaves), before_(living) {
  std::sort(leaves_.begin(), leaves_.end(),
            [](const LeafStep& a, const LeafStep& b) { return earlier(a.leaf, b.leaf); });
  living = this;
}

LeafSteps::~LeafSteps() { living = before_; }

LeafSteps* LeafSteps::current() { return living; }

LeafStep* LeafSteps::find(const Tensor& leaf) const {
  const Shape* wanted = &leaf.shape();
  const auto at =
      std::lower_bound(leaves_.begin(), leaves_.end(), wanted,
                       [](const LeafStep& one, const Shape* other) { return earlier(one.leaf, other); });
  return at != leaves_.end() && at->leaf == wanted ? &*at : nullptr;
}

}  // namespace fanin
