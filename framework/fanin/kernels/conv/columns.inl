/// One input channel: grad_x[y][x] (+)= Σ_taps columns[tap][y + pad -
/// ky·dilation][x + pad - kx·dilation], where that lies in the output. Reads up
/// to columns_margin elements outside `columns`, and masks them away.
void add_columns(const ConvShape& s, const real* columns, real* grad_x, bool accumulate) {
  const Index oh = s.out_h(), ow = s.out_w();
  // to the next tap below, as it falls on the same pixel
  const Index step = (s.kernel_w * oh - s.dilation_h) * ow;
  IntVec lane{};
  for (int l = 0; l < lanes; ++l) lane[l] = l;
  for (Index x = 0; x < s.width; x += lanes) {
    IntVec inside[most_columns_taps];
    for (Index kx = 0; kx < s.kernel_w; ++kx) {
      const IntVec column = lane + static_cast<int>(x + s.pad_w - kx * s.dilation_w);
      inside[kx] = (column >= 0) & (column < static_cast<int>(ow));
    }
    const Index width = std::min<Index>(lanes, s.width - x);
    for (Index y = 0; y < s.height; ++y) {
      real* out = grad_x + y * s.width + x;
      real row[lanes] = {};
      if (accumulate) std::copy_n(out, width, row);
      Vec sum = load(row);
      // The taps ky whose row y + pad - ky·dilation lies in the output.
      const Index reach = y + s.pad_h, first = reach < oh ? 0 : (reach - oh) / s.dilation_h + 1,
                  last = std::min(s.kernel_h, reach / s.dilation_h + 1);
      // Column by column of the kernel: each has a sum, and a mask, of its own.
      for (Index kx = 0; kx < s.kernel_w; ++kx) {
        Vec column{};
        const real* from = columns + (kx * oh + y + s.pad_h) * ow + x + s.pad_w - kx * s.dilation_w;
        for (Index ky = first; ky < last; ++ky) column += load(from + ky * step);
        sum += reinterpret_cast<Vec>(reinterpret_cast<IntVec>(column) & inside[kx]);
      }
      // In a plane no wider than a vector, what is written past a row is written again with the next.
      const bool heals = s.width <= lanes && !accumulate && (s.height - y) * s.width >= lanes;
      if (width == lanes || heals) {
        store(out, sum);
      } else {
        store(row, sum);
        std::copy_n(row, width, out);
      }
    }
  }
}
