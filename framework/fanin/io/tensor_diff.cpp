#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/io/tensor_diff.hpp>
#include <fanin/io/tensor_stats.hpp>

namespace fanin::io {
namespace {

using Kind = TensorDifference::Kind;

constexpr Index piece = 1 << 13;

std::string describe(const StoredTensor& tensor) {
  return fmt::format("{} {}", name_of(tensor.dtype), tensor.shape_text());
}

bool same_value(double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); }

void compare(const StoredTensor& a, const StoredTensor& b, TensorDifference& d) {
  d.count = a.numel();
  const bool by_bits = a.dtype == b.dtype;
  const std::size_t size = size_of(a.dtype);
  const auto length = static_cast<std::size_t>(std::min(d.count, piece));
  std::vector<double> x(length), y(length);
  std::vector<std::byte> raw_x(by_bits ? length * size : 0), raw_y(raw_x.size());
  double difference_squares = 0, squares = 0, squares_b = 0, product = 0;
  for (Index first = 0; first < d.count; first += piece) {
    const Index n = std::min(piece, d.count - first);
    if (by_bits) {
      a.read_bytes(first, n, raw_x.data());
      b.read_bytes(first, n, raw_y.data());
    }
    read_doubles(a, first, n, x.data());
    read_doubles(b, first, n, y.data());
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      d.differing +=
          by_bits ? std::memcmp(&raw_x[i * size], &raw_y[i * size], size) != 0 : !same_value(x[i], y[i]);
      const bool finite_x = std::isfinite(x[i]), finite_y = std::isfinite(y[i]);
      d.finite_in_one += finite_x != finite_y;
      if (!finite_x || !finite_y) continue;
      const double gap = x[i] - y[i];
      d.max_abs = std::max(d.max_abs, std::abs(gap));
      difference_squares += gap * gap;
      squares += x[i] * x[i];
      squares_b += y[i] * y[i];
      product += x[i] * y[i];
    }
  }
  d.cosine = product / std::sqrt(squares) / std::sqrt(squares_b);
  if (difference_squares > 0) {
    d.relative_l2 =
        squares > 0 ? std::sqrt(difference_squares / squares) : std::numeric_limits<double>::infinity();
  }
}

TensorDifference compare(const StoredTensor& a, const StoredTensor& b) {
  TensorDifference d{.name = a.name, .a = describe(a), .b = describe(b)};
  if (a.sizes != b.sizes) {
    d.kind = Kind::shape;
    return d;
  }
  compare(a, b, d);
  d.kind = a.dtype != b.dtype ? Kind::dtype : d.differing > 0 ? Kind::values : Kind::identical;
  return d;
}

}  // namespace

const char* name_of(Kind kind) {
  constexpr auto names = named_values<Kind>("difference", {{Kind::identical, "identical"},
                                                           {Kind::values, "values differ"},
                                                           {Kind::dtype, "dtype changed"},
                                                           {Kind::shape, "shape changed"},
                                                           {Kind::only_a, "only in A"},
                                                           {Kind::only_b, "only in B"}});
  return names.name_of(kind);
}

std::vector<TensorDifference> tensor_diff(const TensorFile& a, const TensorFile& b) {
  std::unordered_map<std::string_view, const StoredTensor*> in_b;
  for (const auto& tensor : b.tensors) in_b.emplace(tensor.name, &tensor);
  std::unordered_set<std::string_view> in_a;
  std::vector<TensorDifference> all;
  for (const auto& tensor : a.tensors) {
    in_a.insert(tensor.name);
    const auto other = in_b.find(tensor.name);
    if (other != in_b.end())
      all.push_back(compare(tensor, *other->second));
    else
      all.push_back({.kind = Kind::only_a, .name = tensor.name, .a = describe(tensor)});
  }
  for (const auto& tensor : b.tensors) {
    if (!in_a.contains(tensor.name))
      all.push_back({.kind = Kind::only_b, .name = tensor.name, .b = describe(tensor)});
  }
  return all;
}

}  // namespace fanin::io
