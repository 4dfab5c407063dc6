// 2×2 windows side by side, one in each lane.
#include <fanin/kernels/simd/vector.inl>

namespace {

/// The largest of four pixels, upper left, upper right, lower left, lower right, and its `index`; NaN wins,
/// else the first.
FANIN_INLINE Vec max_of_window(const Vec (&pixel)[4], const IntVec (&index)[4], IntVec& where) {
  Vec best = pixel[0];
  where = index[0];
  unroll<3>([&](auto i) FANIN_LAMBDA {
    const Vec value = pixel[i + 1];
    const auto wins = (value > best) | (value != value);
    best = wins ? value : best;
    where = wins ? index[i + 1] : where;
  });
  return best;
}

/// One row of the windows' gradients: g at the left pixel where `where` is `left`, at the right one where it
/// is left + 1.
FANIN_INLINE void store_gradients(Vec g, IntVec where, int left, real* row) {
  const Vec even = where == left ? g : Vec{}, odd = where == left + 1 ? g : Vec{};
  store(row, interleave<0>(even, odd));
  store(row + lanes, interleave<1>(even, odd));
}

}  // namespace
