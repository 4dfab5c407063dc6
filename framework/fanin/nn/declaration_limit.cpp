#include <fanin/core/fail.hpp>
#include <fanin/nn/declaration_limit.hpp>

namespace fanin::nn {
namespace {

thread_local DeclarationLimit* limit = nullptr;

}  // namespace

DeclarationLimit::DeclarationLimit(std::size_t parameters, Index elements)
    : parameters_(parameters),
      parameters_left_(parameters),
      elements_(elements),
      elements_left_(elements),
      before_(limit) {
  limit = this;
}
DeclarationLimit::~DeclarationLimit() { limit = before_; }

void DeclarationLimit::count(const Shape& shape) {
  if (limit == nullptr) return;
  if (limit->parameters_left_ == 0 || shape.numel() > limit->elements_left_) {
    fail("the model has more than the {} parameters, or the {} elements, that it may have here",
         limit->parameters_, limit->elements_);
  }
  --limit->parameters_left_;
  limit->elements_left_ -= shape.numel();
}

}  // namespace fanin::nn
