// How planes of an image come into the layout that the convolution kernels read, and back out of their grid.
namespace {

/// Copies n elements and possibly up to a vector more: the caller overwrites or ignores what follows.
FANIN_INLINE void copy_over(Index n, const real* from, real* to) {
  for (Index i = 0; i < n; i += lanes) store(to + i, load(from + i));
}
FANIN_INLINE void zero_over(Index n, real* to) {
  for (Index i = 0; i < n; i += lanes) store(to + i, Vec{});
}

}  // namespace

/// Packs one plane; may write up to a vector past its end. Planes are packed in increasing order, so that
/// heals itself.
void pack_plane(const PackedPlane& s, const real* plane, real* packed) {
  for (Index r = 0; r < s.rows; ++r, packed += s.pitch) {
    const Index y = r * s.step_h + s.first_h;
    if (y < 0 || y >= s.height) {
      zero_over(s.pitch, packed);
      continue;
    }
    const real* row = plane + y * s.width;
    if (s.step_w == 1) {
      const Index left = std::clamp<Index>(-s.first_w, 0, s.pitch);
      const Index from = std::max<Index>(s.first_w, 0);
      const Index inside = std::clamp<Index>(s.width - from, 0, s.pitch - left);
      zero_over(left, packed);
      if (y * s.width + from + (inside + lanes - 1) / lanes * lanes <= s.height * s.width) {
        copy_over(inside, row + from, packed + left);
      } else {
        for (Index x = 0; x < inside; x += lanes)  // nothing readable past the plane
          store(packed + left + x, load_first(row + from + x, std::min<Index>(lanes, inside - x)));
      }
      zero_over(s.pitch - left - inside, packed + left + inside);
    } else {
      for (Index q = 0; q < s.pitch; ++q) {
        const Index x = q * s.step_w + s.first_w;
        packed[q] = x >= 0 && x < s.width ? row[x] : real(0);
      }
    }
  }
}

void unpack_grid(const Grid& from, Index w, real bias, bool relu, real* out, bool accumulate) {
  const real* grid = from.data;
  const Index h = from.rows;
  const Vec shift = broadcast(bias),
            least = broadcast(relu ? real(0) : -std::numeric_limits<real>::infinity());
  const Index rounded = (w + lanes - 1) / lanes * lanes;
  for (Index y = 0; y < h; ++y, grid += from.pitch, out += w) {
    // Writing past the row is fine when all of it is written again with the rows to come; adding is not.
    const Index in_vectors = !accumulate && (h - y) * w >= rounded ? rounded : w / lanes * lanes;
    for (Index x = 0; x < in_vectors; x += lanes) {
      Vec value = load(grid + x) + shift;
      value = value < least ? least : value;
      store(out + x, accumulate ? load(out + x) + value : value);
    }
    for (Index x = in_vectors; x < w; ++x) {
      const real value = grid[x] + bias;
      out[x] = (accumulate ? out[x] : real(0)) + (value < least[0] ? least[0] : value);
    }
  }
}
