#include <algorithm>
#include <array>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/conv/correlation.hpp>
#include <fanin/kernels/conv/pooled.hpp>
#include <fanin/kernels/conv/winograd.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/conv_weights.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/tile.inl>

namespace {

/// Else GCC loads it again for each product, and loads from any address are what the loop has most of.
FANIN_INLINE void in_register([[maybe_unused]] Vec& v) {
#if defined(__x86_64__) && !defined(__clang__)
  asm("" : "+v"(v));
#endif
}

/// Dot products of `rows` gradient planes with `taps` shifted source planes over several images: each
/// accumulator is a vector of partial sums, folded once at the end.
template <int rows, int taps>
void weight_tile(const Correlation& c, Index images, const real* source, Index source_stride,
                 const real* gradient, Index gradient_stride, Index grid_stride, const Index* offsets,
                 real* sums) {
  Vec sum[rows][taps];
  unroll<rows>([&](auto r) FANIN_LAMBDA { unroll<taps>([&](auto t) FANIN_LAMBDA { sum[r][t] = Vec{}; }); });
  const Index length = c.length();
  for (Index image = 0; image < images; ++image, source += source_stride, gradient += gradient_stride) {
    const real* tap[taps];
    unroll<taps>([&](auto t) FANIN_LAMBDA { tap[t] = source + offsets[t]; });
    for (Index p = 0; p < length; p += lanes) {
      // One tap at a time: on 16 registers there is room for 12 sums, 3 gradients and it.
      Vec g[rows];
      unroll<rows>([&](auto r) FANIN_LAMBDA { g[r] = load(gradient + r * grid_stride + p); });
      unroll<taps>([&](auto t) FANIN_LAMBDA {
        Vec shifted = load(tap[t] + p);
        in_register(shifted);
        unroll<rows>([&](auto r) FANIN_LAMBDA { sum[r][t] = fma(g[r], shifted, sum[r][t]); });
      });
    }
  }
  constexpr int groups = (rows * taps + lanes - 1) / lanes;
  real folded[groups * lanes];
  unroll<groups>([&](auto group) FANIN_LAMBDA {
    Vec part[lanes];
    unroll<lanes>([&](auto l) FANIN_LAMBDA {
      constexpr int k = group * lanes + l;
      if constexpr (k < rows * taps) {
        part[l] = sum[k / taps][k % taps];
      } else {
        part[l] = Vec{};
      }
    });
    store(folded + group * lanes, sums_of_each(part));
  });
  for (int k = 0; k < rows * taps; ++k) sums[k / taps * c.terms + k % taps] += folded[k];
}

using WeightTile = void (*)(const Correlation&, Index, const real*, Index, const real*, Index, Index,
                            const Index*, real*);
constexpr int tile_weight_rows = registers == 32 ? 6 : 3, tile_weight_taps = 4;

template <int rows>
constexpr auto weight_tiles = []<int... t>(std::integer_sequence<int, t...>) {
  return std::array<WeightTile, tile_weight_taps>{weight_tile<rows, t + 1>...};
}
(std::make_integer_sequence<int, tile_weight_taps>{});

constexpr auto all_weight_tiles = []<int... r>(std::integer_sequence<int, r...>) {
  return std::array{weight_tiles<r + 1>...};
}
(std::make_integer_sequence<int, tile_weight_rows>{});

}  // namespace

/// sums[rows, terms] += Σ_images Σ_p gradient[row][p] · source[offsets[term] + p]; the gradients' spare
/// columns are zero.
void correlate_weights(const Correlation& c, Index images, const real* source, Index source_stride,
                       const real* gradient, Index gradient_stride, Index grid_stride, real* sums) {
  const EvenCut by_row(c.rows, tile_weight_rows), by_term(c.terms, tile_weight_taps);
  for (Index i = 0; i < by_row.blocks; ++i) {
    const Index row = by_row.begin(i);
    for (Index j = 0; j < by_term.blocks; ++j) {
      const Index term = by_term.begin(j);
      const auto multiply = all_weight_tiles[static_cast<std::size_t>(by_row.size(i) - 1)]
                                            [static_cast<std::size_t>(by_term.size(j) - 1)];
      multiply(c, images, source, source_stride, gradient + row * grid_stride, gradient_stride, grid_stride,
               c.offsets + term, sums + row * c.terms + term);
    }
  }
}

real sum_of(Index n, const real* x) {
  Vec sum[4] = {};  // four chains hide the latency of the addition
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes)
    unroll<4>([&](auto j) FANIN_LAMBDA { sum[j] += load(x + i + j * lanes); });
  for (; i + lanes <= n; i += lanes) sum[0] += load(x + i);
  real total = sum_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < n; ++i) total += x[i];
  return total;
}

void add_to(Index n, const real* x, real* total, bool accumulate) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    store(total + i, accumulate ? load(total + i) + load(x + i) : load(x + i));
  for (; i < n; ++i) total[i] = accumulate ? total[i] + x[i] : x[i];
}

#else  // once

namespace fanin::kernels {

void conv_backward_weights(const ConvShape& s, const real* x, OutputGradient grad_y, real* grad_w, bool acc_w,
                           real* grad_bias, bool acc_b) {
  const SourcePlan plan(s);
  const Index rows = s.out_channels / s.groups, terms = plan.channels * s.kernel_h * s.kernel_w;
  Workspace<Index> offsets(terms);
  plan.fill_offsets(s, offsets.data());
  const Correlation c{rows, terms, s.out_h(), s.out_w(), plan.plane.pitch, nullptr, offsets.data()};
  const WinogradShape tiles{rows, plan.channels, c.out_h, c.out_w, c.pitch, plan.plane.size()};
  const bool winograd = winograd_pays(s);
  const PackedPlane gradient{.height = c.out_h, .width = c.out_w, .rows = c.out_h, .pitch = c.pitch};
  const Index grid_stride = grid_stride_of(gradient.size());

  // A fixed number of partial sums over the batch, added in order: the thread count cannot show in the
  // result. Threads beyond them share the filters, in parts that each pack the images they need.
  const Index chunks = std::clamp<Index>(s.batch, 1, 8);
  const Index parts = std::clamp<Index>(thread_count() / chunks, 1, std::max<Index>(rows / 8, 1));
  const auto first_of = [&](Index part) { return rows * part / parts; };
  const Index row_size = !grad_w ? 0 : winograd ? 16 * winograd_padded_sources(tiles) : terms;
  const Index sums_w = s.out_channels * row_size, chunk_size = sums_w + s.out_channels;
  Workspace<> partial(chunks * chunk_size);
  // As many images at a time as the second-level cache holds: their partial sums are folded only once.
  const Index x_size = plan.packed_size() + correlation_slack;
  const Index most_together = 100'000 / (x_size + rows * grid_stride + correlation_slack);
  parallel_for(chunks * parts, [&](Index piece) {
    const Index chunk = piece / parts, first = first_of(piece % parts),
                count = first_of(piece % parts + 1) - first;
    Correlation correlation = c;
    WinogradShape shape = tiles;
    correlation.rows = shape.rows = count;
    real* sum_w = partial.data() + chunk * chunk_size + first * s.groups * row_size;
    real* sum_b = partial.data() + chunk * chunk_size + sums_w + first;
    std::fill_n(sum_w, s.groups * count * row_size, real(0));
    for (Index group = 0; group < s.groups; ++group) std::fill_n(sum_b + group * rows, count, real(0));
    const Index begin = s.batch * chunk / chunks, end = s.batch * (chunk + 1) / chunks;
    const Index g_size = count * grid_stride + correlation_slack;
    const Index together = std::clamp<Index>(most_together, 1, std::max<Index>(end - begin, 1));
    Workspace<> packed_x(together * x_size), packed_g(together * g_size);
    for (Index image = begin; image < end; image += together) {
      const Index images = std::min(together, end - image);
      for (Index group = 0; group < s.groups; ++group) {
        for (Index i = 0; i < images; ++i) {
          for (Index r = 0; r < count; ++r) {
            real* packed = packed_g.data() + i * g_size + r * grid_stride;
            pack_gradient(gradient, grad_y, (image + i) * s.out_channels + group * rows + first + r, packed);
            std::fill(packed + gradient.size(), packed + grid_stride, real(0));
            if (grad_bias) sum_b[group * rows + r] += FANIN_BY_ISA(sum_of(grid_stride, packed));
          }
        }
        if (!grad_w) continue;
        const auto source = plan.source(s, x, image, images, group, packed_x.data());
        real* sum = sum_w + group * count * row_size;
        if (winograd) {
          for (Index i = 0; i < images; ++i) {
            winograd_add_products(shape, source.data + i * source.step, packed_g.data() + i * g_size, c.pitch,
                                  grid_stride, sum);
          }
        } else {
          FANIN_BY_ISA(correlate_weights(correlation, images, source.data, source.step, packed_g.data(),
                                         g_size, grid_stride, sum));
        }
      }
    }
  });
  for (Index chunk = 1; chunk < chunks; ++chunk)
    FANIN_BY_ISA(add_to(chunk_size, partial.data() + chunk * chunk_size, partial.data(), true));
  for (Index part = 0; part < parts && grad_w; ++part) {
    WinogradShape shape = tiles;
    const Index first = first_of(part), count = shape.rows = first_of(part + 1) - first;
    for (Index group = 0; group < s.groups; ++group) {
      const real* sum = partial.data() + (first * s.groups + group * count) * row_size;
      real* to = grad_w + (group * rows + first) * terms;
      if (winograd)
        winograd_filter_gradient(shape, sum, to, acc_w);
      else
        FANIN_BY_ISA(add_to(count * row_size, sum, to, acc_w));
    }
  }
  if (grad_bias) FANIN_BY_ISA(add_to(s.out_channels, partial.data() + sums_w, grad_bias, acc_b));
}

}  // namespace fanin::kernels

#endif
