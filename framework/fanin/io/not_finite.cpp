#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include <fanin/io/not_finite.hpp>
#include <fanin/io/tensor_stats.hpp>

namespace fanin::io {
namespace {

constexpr Index piece = 1 << 12;

/// Without a branch an element, as nearly every tensor has none.
bool all_finite(const float* values, Index count) {
  std::uint32_t bad = 0;
  for (Index i = 0; i < count; ++i)
    bad |= (std::bit_cast<std::uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}

}  // namespace

NotFinite not_finite(const StoredTensor& tensor) {
  NotFinite found{.count = tensor.numel()};
  if (!is_float(tensor.dtype)) return found;
  std::array<float, piece> narrow;
  std::array<double, piece> wide;
  for (Index first = 0; first < found.count; first += piece) {
    const Index n = std::min(piece, found.count - first);
    tensor.read(first, n, narrow.data());
    if (all_finite(narrow.data(), n)) continue;
    read_doubles(tensor, first, n, wide.data());
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      if (std::isnan(wide[i]))
        ++found.nans;
      else if (std::isinf(wide[i]))
        ++found.infinities;
      else if (!std::isfinite(narrow[i]))
        ++found.too_large;
    }
  }
  return found;
}

std::string NotFinite::to_string() const {
  struct Kind {
    Index count;
    const char* what;
  };
  std::vector<Kind> kinds;
  for (const Kind& kind :
       {Kind{nans, "NaN"}, Kind{infinities, "infinite"}, Kind{too_large, "too large for F32"}}) {
    if (kind.count > 0) kinds.push_back(kind);
  }
  const auto verb = [](Index n) { return n == 1 ? "is" : "are"; };
  if (kinds.size() == 1)
    return fmt::format("{} of {} {} {}", kinds[0].count, count, verb(kinds[0].count), kinds[0].what);
  std::vector<std::string> parts;
  for (const Kind& kind : kinds)
    parts.push_back(fmt::format("{} {} {}", kind.count, verb(kind.count), kind.what));
  return fmt::format("of {}, {}", count, fmt::join(parts, ", "));
}

}  // namespace fanin::io
