#pragma once
#include <algorithm>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/conv/conv.hpp>

namespace fanin::kernels {

constexpr Index correlation_slack = 128;  // readable elements past the end of packed sources and grids

constexpr Index least_part = 8;  // planes that are worth packing a group's sources once more

/// Some of the planes that a convolution computes.
struct Rows {
  Index first, count;
};

/// piece(image, group, rows) for each group of each image, and, where that gives less than a piece a thread,
/// for each part of the group's `rows` planes, of `least` and more: every part packs the group's sources for
/// itself.
template <class Piece>
void each_image(const ConvShape& s, Index rows, Piece piece, Index least = least_part) {
  const Index parts = std::clamp<Index>(thread_count() / std::max<Index>(s.batch * s.groups, 1), 1,
                                        std::max<Index>(rows / least, 1));
  parallel_for(s.batch * s.groups * parts, [&](Index i) {
    const Index of_batch = i / parts, part = i % parts, first = rows * part / parts;
    piece(of_batch / s.groups, of_batch % s.groups, Rows{first, rows * (part + 1) / parts - first});
  });
}

/// How one plane of an image is laid out for the convolution kernels: padded, and for a stride split into
/// phases, so that stepping one output to the right or one term of the sum to the next tap are both plain
/// pointer offsets. Packed (r, q) holds the plane's (r·step_h + first_h, q·step_w + first_w), or 0 outside
/// it.
struct PackedPlane {
  Index height, width;             // of the plane as it lies, in pixels
  Index rows, pitch;               // as packed; pitch: elements from one row to the next
  Index step_h = 1, step_w = 1;    // pixels of the plane from one packed row or column to the next
  Index first_h = 0, first_w = 0;  // of the plane at packed (0, 0); negative in the padding

  Index size() const { return rows * pitch; }
};

/// Packs one plane [height, width] into [rows, pitch]; may write up to a vector past its end. Planes are
/// packed in increasing order, so that heals itself.
void pack_plane(const PackedPlane& how, const real* plane, real* packed);

/// Rows [first, first + rows) of an output plane as the kernels compute them: `pitch` apart, with columns
/// past the plane's width that nobody reads, and readable for correlation_slack elements past the end.
struct Grid {
  const real* data;
  Index pitch, first, rows;
};

/// out[grid.rows, width] (+)= grid + bias; then relu, if asked. `accumulate` adds to what `out` holds.
void unpack_grid(const Grid& grid, Index width, real bias, bool relu, real* out, bool accumulate);

/// The sources of a forward convolution and of its weights' gradient: output y reads rows y·stride +
/// ky·dilation of the padded input, which are phase (ky·dilation) mod stride, at row y + (ky·dilation) div
/// stride of it.
struct SourcePlan {
  Index channels, phases_h, phases_w;  // of one group
  PackedPlane plane;                   // of phase (0, 0)

  explicit SourcePlan(const ConvShape& shape);
  Index packed_size() const { return channels * phases_h * phases_w * plane.size(); }
  /// Where each term of a filter finds its run of pixels, in the order of the weights.
  void fill_offsets(const ConvShape& shape, Index* offsets) const;

  /// One group's planes of several images, `step` apart.
  struct Source {
    const real* data;
    Index step;
  };
  /// Those of `images` images from x's `image` on: as they lie in x where they lie as they are read, else
  /// packed into `room`, of images·(packed_size() + correlation_slack) elements.
  Source source(const ConvShape& shape, const real* x, Index image, Index images, Index group,
                real* room) const;

 private:
  void pack(const real* image, real* packed) const;
};

}  // namespace fanin::kernels
