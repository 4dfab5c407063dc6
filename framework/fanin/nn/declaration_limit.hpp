#pragma once
#include <cstddef>

#include <fanin/core/shape.hpp>

namespace fanin::nn {

/// While one lives, the layers made on this thread declare at most so many parameters, of so many elements in
/// all: for a model that a stranger describes. Error at the first parameter too many, before it takes memory.
class DeclarationLimit {
 public:
  /// Limits nest: the innermost alone counts.
  DeclarationLimit(std::size_t parameters, Index elements);
  ~DeclarationLimit();
  DeclarationLimit(const DeclarationLimit&) = delete;
  DeclarationLimit& operator=(const DeclarationLimit&) = delete;

  /// Counts one parameter against this thread's limit, if there is one.
  static void count(const Shape& shape);

 private:
  std::size_t parameters_, parameters_left_;
  Index elements_, elements_left_;
  DeclarationLimit* before_;
};

}  // namespace fanin::nn
