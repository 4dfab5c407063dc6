// The pool everyone uses, 2×2 with stride 2 on an even width, without branches; the others take the general
// path.
#ifndef FANIN_DOUBLE
#include <fanin/kernels/conv/window.inl>

namespace {

/// `lanes` windows whose upper left corners are row[0], row[2], …; where = their argmax, counted from
/// `corner`.
FANIN_INLINE Vec max_of_windows(const real* row, Index width, IntVec corner, IntVec& where) {
  const Vec top_a = load(row), top_b = load(row + lanes), low_a = load(row + width),
            low_b = load(row + width + lanes);
  const int below = static_cast<int>(width);
  return max_of_window({every_second<0>(top_a, top_b), every_second<1>(top_a, top_b),
                        every_second<0>(low_a, low_b), every_second<1>(low_a, low_b)},
                       {corner, corner + 1, corner + below, corner + (below + 1)}, where);
}

}  // namespace

/// Planes of width `width`, even, one after another, each with out_h rows of windows.
void max_pool_2x2(Index planes, Index out_h, Index width, const real* x, real* y, std::int32_t* argmax) {
  const Index out_w = width / 2, rows = planes * out_h;
  const IntVec steps = 2 * lane_numbers();
  for (Index oy = 0; oy < rows; ++oy) {
    for (Index ox = 0; ox < out_w; ox += lanes) {
      const Index corner = 2 * oy * width + 2 * ox, out = oy * out_w + ox;
      const Index in_plane = corner - oy / out_h * 2 * out_h * width;
      IntVec where;
      // Past a row's end lie the next rows, to be overwritten in turn; only after the last is there nothing.
      if (corner + width + 2 * lanes <= 2 * rows * width && out + lanes <= rows * out_w) {
        store(y + out, max_of_windows(x + corner, width, steps + static_cast<int>(in_plane), where));
        if (argmax) std::memcpy(argmax + out, &where, sizeof where);
        continue;
      }
      const Index count = std::min<Index>(lanes, out_w - ox);
      real copy[4 * lanes] = {};
      std::copy_n(x + corner, 2 * count, copy);
      std::copy_n(x + corner + width, 2 * count, copy + 2 * lanes);
      const Vec best = max_of_windows(copy, 2 * lanes, steps, where);
      for (int l = 0; l < count; ++l) {
        y[out + l] = best[l];
        const Index offset = where[l] < 2 * lanes ? where[l] : where[l] - 2 * lanes + width;
        if (argmax) argmax[out + l] = static_cast<std::int32_t>(in_plane + offset);
      }
    }
  }
}

void max_pool_2x2_backward(Index planes, Index out_h, Index width, const std::int32_t* argmax,
                           const real* grad_y, real* grad_x) {
  const Index out_w = width / 2, rows = planes * out_h;
  const IntVec steps = 2 * lane_numbers();
  for (Index oy = 0; oy < rows; ++oy) {
    const Index plane = oy / out_h * 2 * out_h * width;
    // A vector may run past its row into rows written later, but not past the last.
    const Index room = std::min((2 * (rows - oy) - 1) * width / 2, (rows - oy) * out_w);
    Index in_vectors = (out_w + lanes - 1) / lanes * lanes;
    if (in_vectors > room) in_vectors = out_w / lanes * lanes;
    for (const Index half : {0, 1}) {  // the upper row to its end, then the lower
      const int offset = static_cast<int>(half * width);
      for (Index ox = 0; ox < in_vectors; ox += lanes) {
        const Index corner = 2 * oy * width + 2 * ox;
        IntVec where;
        std::memcpy(&where, argmax + oy * out_w + ox, sizeof where);
        where -= steps + static_cast<int>(corner - plane);
        store_gradients(load(grad_y + oy * out_w + ox), where, offset, grad_x + corner + offset);
      }
    }
    for (Index ox = in_vectors; ox < out_w; ++ox) {
      real* corner = grad_x + 2 * oy * width + 2 * ox;
      corner[0] = corner[1] = corner[width] = corner[width + 1] = 0;
      grad_x[plane + argmax[oy * out_w + ox]] = grad_y[oy * out_w + ox];
    }
  }
}
#endif
