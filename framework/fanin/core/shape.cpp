#include <fmt/ranges.h>

#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/core/shape.hpp>

namespace fanin {
namespace {
constexpr Index max_elements = Index{1} << 48;
}

Shape::Shape(std::initializer_list<Index> sizes) : Shape(of(sizes.begin(), sizes.size())) {}

Shape Shape::of(const Index* sizes, std::size_t rank) {
  Shape shape;
  for (std::size_t i = 0; i < rank; ++i) shape.append(sizes[i]);
  return shape;
}

Index Shape::numel() const {
  Index count = 1;
  for (const Index size : *this) count *= size;
  return count;
}

Index Shape::operator[](int i) const {
  const int at = i < 0 ? i + rank_ : i;
  if (at < 0 || at >= rank_) fail("dimension {} is out of range for shape {}", i, to_string());
  return sizes_[static_cast<std::size_t>(at)];
}

void Shape::set(int i, Index size) {
  const int at = i < 0 ? i + rank_ : i;
  if (at < 0 || at >= rank_) fail("dimension {} is out of range for shape {}", i, to_string());
  Shape changed = *this;
  changed.rank_ = at;
  changed.append(size);  // refuses what no size can be
  for (int k = at + 1; k < rank_; ++k) changed.append((*this)[k]);
  *this = changed;
}

void Shape::append(Index size) {
  if (rank_ == max_rank) fail("a shape has at most {} dimensions", int{max_rank});
  if (size < 0) fail("a shape's size must not be negative: got {}", size);
  const Index count = numel();
  if (size > 0 && count > max_elements / size)
    fail("shape {} times {} has too many elements", to_string(), size);
  sizes_[static_cast<std::size_t>(rank_++)] = size;
}

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(begin(), end(), ", ")); }

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  const auto size = [rank](const Shape& shape, int i) {
    const int at = i - (rank - shape.rank());
    return at < 0 ? 1 : shape[at];
  };
  Shape result;
  for (int i = 0; i < rank; ++i) {
    const Index x = size(a, i), y = size(b, i);
    if (x != y && x != 1 && y != 1) return {};
    result.append(x == 1 ? y : x);
  }
  return result;
}

Shape broadcast(const char* op, const Shape& a, const Shape& b) {
  if (const auto result = broadcast(a, b)) return *result;
  fail(
      "{}: shapes {} and {} do not broadcast: from the last dimension on, sizes must be equal or one of them 1",
      op, a.to_string(), b.to_string());
}

}  // namespace fanin
