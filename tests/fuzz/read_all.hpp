#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/io/tensor_stats.hpp>

/// Touches every element that a file says it has, as a program would; sanitizers watch. `data` is a fuzzer's
/// input.
template <class Parse>
int read_all(const std::uint8_t* data, std::size_t size, Parse parse) {
  try {
    const fanin::io::TensorFile file = parse(std::as_bytes(std::span(data, size)));
    std::vector<float> floats(256);
    std::vector<std::byte> bytes(256 * 8);
    for (const auto& tensor : file.tensors) {
      const auto stats = fanin::io::tensor_stats(tensor);
      fanin::io::histogram(tensor, stats.min, stats.max, 8);
      const auto count = tensor.numel();
      for (const auto first : {fanin::Index{0}, count / 2, std::max<fanin::Index>(count - 256, 0)}) {
        const auto some = std::min<fanin::Index>(count - first, 256);
        tensor.read(first, some, floats.data());
        tensor.read_bytes(first, some, bytes.data());
      }
    }
  } catch (const fanin::Error&) {
    // the one way to refuse a file
  }
  return 0;
}
