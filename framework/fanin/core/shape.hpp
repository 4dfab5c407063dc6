#pragma once
#include <array>
#include <initializer_list>
#include <optional>
#include <string>

#include <fanin/core/real.hpp>

namespace fanin {

/// The sizes of a tensor's dimensions, outermost first (images: N, C, H, W). At most `max_rank` of them, kept
/// inline.
class Shape {
 public:
  static constexpr int max_rank = 6;  ///< dimensions

  Shape() = default;  ///< rank 0: a scalar, one element
  /// `{64, 1, 28, 28}`; the Errors of `of`.
  Shape(std::initializer_list<Index> sizes);
  /// Sizes from a range; Error on a negative size, more than `max_rank` of them, or an element count past
  /// 2^48.
  static Shape of(const Index* sizes, std::size_t rank);

  int rank() const { return rank_; }  ///< how many dimensions, 0..max_rank
  Index numel() const;                ///< how many elements: the product of the sizes, at most 2^48
  /// Size of dimension `i`; negative counts from the end. Error when out of range.
  Index operator[](int i) const;
  /// Changes the size of dimension `i`; negative counts from the end. Error when there is no such dimension,
  /// and those of `of`.
  void set(int i, Index size);
  /// Adds an innermost dimension; the Errors of `of`.
  void append(Index size);

  /// @{
  /// The sizes, outermost first.
  const Index* begin() const { return sizes_.data(); }
  const Index* end() const { return sizes_.data() + rank_; }
  /// @}
  bool operator==(const Shape& other) const;  ///< same rank and sizes

  std::string to_string() const;  ///< "[64, 1, 28, 28]"

 private:
  std::array<Index, max_rank> sizes_{};
  int rank_ = 0;
};

/// The shape two operands broadcast to (NumPy's rule); none where they do not.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);
/// The same; Error naming `op` and both shapes where they do not.
Shape broadcast(const char* op, const Shape& a, const Shape& b);

}  // namespace fanin
