#include <functional>
#include <numeric>

#include <fanin/start/file_layout.hpp>

namespace fanin::start {

Shape drawn_shape(const std::vector<Index>& sizes, FileLayout layout) {
  const std::size_t rank = sizes.size();
  std::vector<Index> shape = sizes;
  if (layout == FileLayout::inputs_last) {
    shape = {sizes[rank - 1], sizes[rank - 2]};
    shape.insert(shape.end(), sizes.begin(), sizes.end() - 2);
  } else if (layout == FileLayout::depthwise) {
    shape = {sizes[rank - 2] * sizes[rank - 1], 1};
    shape.insert(shape.end(), sizes.begin(), sizes.end() - 2);
  } else if (layout == FileLayout::heads_last) {
    shape = {sizes[1] * sizes[2], sizes[0]};
  } else if (layout == FileLayout::heads_first) {
    shape = {sizes[2], sizes[0] * sizes[1]};
  } else if (layout == FileLayout::flat) {
    shape = {std::accumulate(sizes.begin(), sizes.end(), Index{1}, std::multiplies<>())};
  }
  return Shape::of(shape.data(), shape.size());
}

std::vector<Index> file_strides(const std::vector<Index>& sizes, FileLayout layout) {
  const std::size_t rank = sizes.size();
  std::vector<Index> strides(rank);
  if (layout == FileLayout::torch || layout == FileLayout::flat) return {};
  if (layout == FileLayout::heads_last) return {1, sizes[2] * sizes[0], sizes[0]};
  if (layout == FileLayout::heads_first) return {sizes[1], 1, sizes[0] * sizes[1]};
  Index stride = 1;
  for (std::size_t i = rank - 2; i-- > 0;) {  // places
    strides[i] = stride;
    stride *= sizes[i];
  }
  const bool depthwise =
      layout == FileLayout::depthwise;  // channels are outputs there, in front of the multiplier
  const std::size_t inner = depthwise ? rank - 1 : rank - 2, outer = depthwise ? rank - 2 : rank - 1;
  strides[inner] = stride;
  strides[outer] = stride * sizes[inner];
  return strides;
}

}  // namespace fanin::start
