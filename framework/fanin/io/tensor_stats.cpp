#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fanin/io/tensor_stats.hpp>

namespace fanin::io {
namespace {

constexpr Index piece = 1 << 13;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

template <class T>
void widen(const StoredTensor& tensor, Index first, Index count, double* out) {
  constexpr Index chunk = 512;
  std::array<T, chunk> values;
  for (Index done = 0; done < count; done += chunk) {
    const Index n = std::min(chunk, count - done);
    if constexpr (std::is_same_v<T, float>)
      tensor.read(first + done, n, values.data());
    else
      tensor.read_bytes(first + done, n, reinterpret_cast<std::byte*>(values.data()));
    std::transform(values.begin(), values.begin() + n, out + done,
                   [](T value) { return static_cast<double>(value); });
  }
}

/// Mean and sum of squared deviations of values that arrive in pieces (Chan, Golub & LeVeque 1979).
struct Spread {
  double count = 0, mean = 0, squares = 0;

  void add(const double* values, Index n) {
    double sum = 0, own_count = 0, own_squares = 0;
    for (Index i = 0; i < n; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++own_count;
    }
    if (own_count == 0) return;
    const double own_mean = sum / own_count;
    for (Index i = 0; i < n; ++i) {
      if (std::isfinite(values[i])) own_squares += (values[i] - own_mean) * (values[i] - own_mean);
    }
    const double both = count + own_count, gap = own_mean - mean;
    squares += own_squares + gap * gap * (count * own_count / both);
    mean += gap * (own_count / both);
    count = both;
  }
};

}  // namespace

void read_doubles(const StoredTensor& tensor, Index first, Index count, double* out) {
  switch (tensor.dtype) {
    case DType::f64:
      return widen<double>(tensor, first, count, out);
    case DType::i64:
      return widen<std::int64_t>(tensor, first, count, out);
    case DType::u64:
      return widen<std::uint64_t>(tensor, first, count, out);
    case DType::i32:
      return widen<std::int32_t>(tensor, first, count, out);
    case DType::u32:
      return widen<std::uint32_t>(tensor, first, count, out);
    default:
      return widen<float>(tensor, first, count, out);  // which holds the others exactly
  }
}

void for_each_piece(const StoredTensor& tensor, const std::function<void(const double*, Index)>& visit) {
  const Index count = tensor.numel();
  std::vector<double> values(static_cast<std::size_t>(std::min(count, piece)));
  for (Index first = 0; first < count; first += piece) {
    const Index n = std::min(piece, count - first);
    read_doubles(tensor, first, n, values.data());
    visit(values.data(), n);
  }
}

TensorStats tensor_stats(const StoredTensor& tensor) {
  TensorStats s;
  s.count = tensor.numel();
  s.min = std::numeric_limits<double>::infinity();
  s.max = -s.min;
  Spread spread;
  double squares = 0;
  for_each_piece(tensor, [&](const double* values, Index n) {
    for (Index i = 0; i < n; ++i) {
      const double x = values[i];
      if (std::isnan(x)) {
        ++s.nans;
      } else if (std::isinf(x)) {
        ++s.infinities;
      } else {
        s.zeros += x == 0;
        s.min = std::min(s.min, x);
        s.max = std::max(s.max, x);
        squares += x * x;
      }
    }
    spread.add(values, n);
  });
  if (s.finite() == 0) {
    s.min = s.max = s.mean = s.std = s.norm = nothing;
    return s;
  }
  s.mean = spread.mean;
  s.std = std::sqrt(spread.squares / spread.count);
  s.norm = std::sqrt(squares);
  return s;
}

std::vector<Index> histogram(const StoredTensor& tensor, double low, double high, std::size_t bins) {
  std::vector<Index> counts(bins);
  if (bins == 0 || !(low <= high)) return counts;
  // Halved, as the difference of two doubles may be past the largest.
  const double width = high / 2 - low / 2;
  for_each_piece(tensor, [&](const double* values, Index n) {
    for (Index i = 0; i < n; ++i) {
      if (!(values[i] >= low && values[i] <= high)) continue;
      const double share = width > 0 ? (values[i] / 2 - low / 2) / width : 0.5;
      ++counts[std::min(bins - 1, static_cast<std::size_t>(share * static_cast<double>(bins)))];
    }
  });
  return counts;
}

std::string bars(const std::vector<Index>& counts) {
  static constexpr const char* levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const Index most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  std::string out;
  for (const Index count : counts) {
    const double height = most == 0 ? 0 : 8 * static_cast<double>(count) / static_cast<double>(most);
    out += levels[static_cast<std::size_t>(std::ceil(height))];
  }
  return out;
}

}  // namespace fanin::io
