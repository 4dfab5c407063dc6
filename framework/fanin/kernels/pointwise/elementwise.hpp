#pragma once
#include <array>
#include <span>

#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// How two arrays broadcast to one: a nest of loops, outermost first, with each array's step (0 where it
/// repeats). Neighbouring loops that both arrays run through without a break are one.
struct Broadcast {
  static constexpr int max_rank = 6;
  int rank = 0;
  std::array<Index, max_rank> size{}, step_a{}, step_b{};
  Index numel = 1;
};
/// From two shapes that do broadcast.
Broadcast broadcast(std::span<const Index> a, std::span<const Index> b);

enum class Binary { add, sub, mul, div };
/// y = a (op) b, y in the broadcast shape.
void binary(Binary op, const Broadcast& shape, const real* a, const real* b, real* y);

/// out (+)= scale · g summed over the loops in which `a` (or `b`) repeats; g in the broadcast shape.
enum class Operand { a, b };
void sum_to(Operand operand, const Broadcast& shape, real scale, const real* g, real* out, bool accumulate);

/// out (+)= scale · x.
void scaled(Index n, real scale, const real* x, real* out, bool accumulate);
/// difference = x - target; returns the mean of its squares.
real mean_squared_difference(Index n, const real* x, const real* target, real* difference);

}  // namespace fanin::kernels
