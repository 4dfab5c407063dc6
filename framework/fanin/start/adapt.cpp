#include <algorithm>
#include <array>
#include <memory>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/start/adapt.hpp>

namespace fanin::start {
namespace {

constexpr auto names =
    named_values<Adapt>("adaptation", {{Adapt::average, "average"},
                                       {Adapt::repeat, "repeat"},
                                       {Adapt::sum, "sum"},
                                       {Adapt::keep_rows, "keep_rows"},
                                       {Adapt::reinitialize, "reinitialize"},
                                       {Adapt::crop_pad, "crop_pad"},
                                       {Adapt::select, "select"},
                                       {Adapt::inflate, "inflate"},
                                       {Adapt::transpose, "transpose"},
                                       {Adapt::transpose_depthwise, "transpose_depthwise"}});

/// `position`'s row-major place in `sizes`.
Index place(const std::array<Index, Shape::max_rank>& position, const Shape& sizes) {
  Index at = 0;
  for (int d = 0; d < sizes.rank(); ++d) at = at * sizes[d] + position[static_cast<std::size_t>(d)];
  return at;
}

/// Calls `body(position, row-major place)` for every element of a shape, in order.
template <class Body>
void each_element(const Shape& shape, Body body) {
  std::array<Index, Shape::max_rank> position{};
  const Index count = shape.numel();
  for (Index at = 0; at < count; ++at) {
    body(position, at);
    for (int d = shape.rank() - 1; d >= 0; --d) {
      if (++position[static_cast<std::size_t>(d)] < shape[d]) break;
      position[static_cast<std::size_t>(d)] = 0;
    }
  }
}

/// to[o, c, …] from the saved channels of from[o, ·, …].
void adapt_channels(Adapt rule, const std::vector<float>& from, Index saved, Tensor& to) {
  const Index wanted = to.size(1), outer = to.size(0),
              inner = to.numel() / std::max<Index>(outer * wanted, 1);
  for (Index o = 0; o < outer; ++o) {
    for (Index c = 0; c < wanted; ++c) {
      for (Index i = 0; i < inner; ++i) {
        const auto at = [&](Index channel) {
          return from[static_cast<std::size_t>((o * saved + channel) * inner + i)];
        };
        double value = 0;
        if (rule == Adapt::repeat) {
          value = at(c % saved) * static_cast<double>(saved) / static_cast<double>(wanted);
        } else {
          for (Index channel = 0; channel < saved; ++channel) value += at(channel);
          value /= static_cast<double>(rule == Adapt::average ? saved : wanted);
        }
        to.data()[(o * wanted + c) * inner + i] = static_cast<real>(value);
      }
    }
  }
}

void crop_pad(const std::vector<float>& from, const Shape& saved, Tensor& to) {
  each_element(to.shape(), [&](auto position, Index at) {
    bool inside = true;
    for (int d = 0; d < saved.rank(); ++d) {
      Index& p = position[static_cast<std::size_t>(d)];
      const Index spare = saved[d] - to.size(d);
      if (d >= 2) p += spare >= 0 ? spare / 2 : -(-spare / 2);
      inside = inside && p >= 0 && p < saved[d];
    }
    to.data()[at] = inside ? from[static_cast<std::size_t>(place(position, saved))] : 0;
  });
}

void select(const std::vector<float>& from, const Shape& saved, Tensor& to) {
  each_element(to.shape(), [&](auto position, Index at) {
    for (int d = 0; d < saved.rank(); ++d) {
      Index& p = position[static_cast<std::size_t>(d)];
      p = p * saved[d] / to.size(d);
    }
    to.data()[at] = from[static_cast<std::size_t>(place(position, saved))];
  });
}

void inflate(const std::vector<float>& from, const Shape& saved, Tensor& to) {
  if (to.rank() == 4) {
    const Index height = to.size(2);
    each_element(to.shape(), [&](const auto& position, Index at) {
      const std::array<Index, Shape::max_rank> flat{position[0], position[1], position[3]};
      to.data()[at] = from[static_cast<std::size_t>(place(flat, saved))] / static_cast<real>(height);
    });
    return;
  }
  each_element(to.shape(), [&](const auto& position, Index at) {
    double sum = 0;
    for (Index y = 0; y < saved[2]; ++y) {
      const std::array<Index, Shape::max_rank> full{position[0], position[1], y, position[2]};
      sum += from[static_cast<std::size_t>(place(full, saved))];
    }
    to.data()[at] = static_cast<real>(sum);
  });
}

using Sizes = std::vector<Index>;

/// What becomes of sizes in Keras's order; nothing where a tensor has no such order.
std::optional<Sizes> from_keras(const Sizes& from, bool depthwise) {
  const std::size_t rank = from.size();
  if (depthwise) {
    if (rank != 4) return std::nullopt;
    return Sizes{from[2] * from[3], 1, from[0], from[1]};
  }
  if (rank < 2) return std::nullopt;
  Sizes to = {from[rank - 1], from[rank - 2]};
  to.insert(to.end(), from.begin(), from.end() - 2);
  return to;
}

/// A view whose elements, read in row-major order, are those of the tensor in the new order; it may have more
/// dimensions.
io::StoredTensor view_in_order(const io::StoredTensor& from, bool depthwise, Index channels) {
  io::StoredTensor view = from;
  Sizes strides = from.strides;
  if (strides.empty()) {
    strides.assign(from.sizes.size(), 1);
    for (std::size_t d = strides.size() - 1; d > 0; --d) strides[d - 1] = strides[d] * from.sizes[d];
  }
  const std::size_t rank = from.sizes.size();
  view.sizes.clear(), view.strides.clear();
  const auto take = [&](std::size_t d) {
    view.sizes.push_back(from.sizes[d]), view.strides.push_back(strides[d]);
  };
  if (channels > 0) {
    view.sizes = {from.sizes[1], channels, from.sizes[0] / channels};
    view.strides = {strides[1], strides[0], strides[0] * channels};
    return view;
  }
  if (depthwise)
    take(rank - 2), take(rank - 1);
  else
    take(rank - 1), take(rank - 2);
  for (std::size_t d = 0; d + 2 < rank; ++d) take(d);
  return view;
}

/// As shapes tell it: `transpose` means a depthwise kernel where only that fits.
bool is_depthwise(Adapt rule, const Sizes& from, const Sizes& to) {
  return rule == Adapt::transpose_depthwise || from_keras(from, false) != to;
}

}  // namespace

const char* name_of(Adapt rule) { return names.name_of(rule); }
Adapt parse_adapt(const std::string& name) { return names.named(name); }

AdaptRule parse_adapt_rule(const std::string& pattern, const std::string& text) {
  const CallExpression call = CallExpression::parse(text);
  AdaptRule rule{pattern, parse_adapt(call.name)};
  const CallOptions options(
      call, "adaptation",
      rule.rule == Adapt::transpose ? std::vector<std::string>{"channels"} : std::vector<std::string>{});
  rule.channels = options.integer("channels", 0, 1, Index{1} << 40);
  return rule;
}

AdaptRule parse_adapt_rule(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0)
    fail_usage("--adapt: '{}' must be as \"conv1.weight=average\"", text);
  return parse_adapt_rule(text.substr(0, at), text.substr(at + 1));
}

bool reorders(Adapt rule) { return rule == Adapt::transpose || rule == Adapt::transpose_depthwise; }

std::vector<Adapt> fitting_rules(const std::vector<Index>& from, const std::vector<Index>& to) {
  std::vector<Adapt> fitting;
  const bool widens =
      from.size() > 1 && to.size() > 1 &&
      to[1] > from[1];  // an average for three channels in place of one would triple the response
  for (const Adapt rule :
       {Adapt::transpose, widens ? Adapt::repeat : Adapt::average, widens ? Adapt::average : Adapt::repeat,
        Adapt::keep_rows, Adapt::inflate, Adapt::select, Adapt::crop_pad}) {
    if (!why_not(rule, from, to)) fitting.push_back(rule);
  }
  return fitting;
}

std::optional<std::string> why_not(Adapt rule, const std::vector<Index>& from, const std::vector<Index>& to,
                                   Index channels) {
  const auto same_but = [&](std::size_t free) {
    if (from.size() != to.size() || from.size() <= free) return false;
    for (std::size_t d = 0; d < from.size(); ++d) {
      if (d != free && from[d] != to[d]) return false;
    }
    return true;
  };
  const bool empty = std::find(from.begin(), from.end(), 0) != from.end();
  if (empty && rule != Adapt::reinitialize) return "the saved tensor has no elements";
  switch (rule) {
    case Adapt::average:
    case Adapt::repeat:
    case Adapt::sum:
      if (!same_but(1)) return "only dimension 1, the input channels, may differ";
      return std::nullopt;
    case Adapt::keep_rows:
      if (!same_but(0)) return "only dimension 0, the rows, may differ";
      return std::nullopt;
    case Adapt::reinitialize:
      return std::nullopt;
    case Adapt::crop_pad:
      if (from.size() != to.size() || from.empty()) return "both must have as many dimensions, at least 1";
      return std::nullopt;
    case Adapt::select:
      if (from.size() != to.size() || from.empty()) return "both must have as many dimensions, at least 1";
      if (!std::equal(from.begin(), from.end(), to.begin(), std::greater_equal<>())) {
        return "the saved tensor must be at least as large in every dimension";
      }
      return std::nullopt;
    case Adapt::inflate: {
      const auto& low = from.size() < to.size() ? from : to;
      const auto& high = from.size() < to.size() ? to : from;
      const bool fits =
          low.size() == 3 && high.size() == 4 && low[0] == high[0] && low[1] == high[1] && low[2] == high[3];
      if (!fits) return "expected kernels [O, I, K] and [O, I, H, K]";
      return std::nullopt;
    }
    case Adapt::transpose:
    case Adapt::transpose_depthwise: {
      const auto plain = from_keras(from, false), depthwise = from_keras(from, true);
      const bool fits = (rule == Adapt::transpose && plain == to) || depthwise == to;
      if (!fits)
        return "expected [in, out], [H, W, in, out] or, depthwise, [H, W, in, multiplier], as Keras has them";
      if (channels > 0 && (from.size() != 2 || from[0] % channels != 0))
        return fmt::format("channels={} wants a dense layer [in, out] with a multiple of that many inputs",
                           channels);
      return std::nullopt;
    }
  }
  return "unknown rule";
}

io::StoredTensor reordered(const AdaptRule& rule, const io::StoredTensor& from) {
  const bool depthwise = rule.rule == Adapt::transpose_depthwise;
  const auto sizes = from_keras(from.sizes, depthwise);
  const auto reason =
      sizes ? why_not(rule.rule, from.sizes, *sizes, rule.channels)
            : std::optional<std::string>(depthwise ? "it has no 4 dimensions" : "it has no 2 dimensions");
  if (reason)
    fail("'{}' of shape {} has no other order by '{}': {}", from.name, from.shape_text(), name_of(rule.rule),
         *reason);
  io::StoredTensor view = view_in_order(from, depthwise, rule.channels);
  if (view.sizes == *sizes) return view;
  const auto bytes = std::make_shared<std::vector<std::byte>>(view.byte_size());
  view.read_bytes(0, view.numel(), bytes->data());
  view.sizes = *sizes;
  view.strides.clear();
  view.data = bytes->data();
  view.owner = bytes;
  view.big_endian = false;
  view.map = nullptr;
  return view;
}

void adapt(Adapt rule, const io::StoredTensor& from, Tensor& to, Index channels) {
  if (reorders(rule)) {
    const Sizes wanted(to.shape().begin(), to.shape().end());
    return view_in_order(from, is_depthwise(rule, from.sizes, wanted), channels).read_all(to.data());
  }
  const Shape saved = Shape::of(from.sizes.data(), from.sizes.size());
  const std::vector<float> values = from.to_floats();
  switch (rule) {
    case Adapt::average:
    case Adapt::repeat:
    case Adapt::sum:
      return adapt_channels(rule, values, saved[1], to);
    case Adapt::keep_rows:
      std::copy_n(values.begin(), std::min<Index>(from.numel(), to.numel()), to.data());
      return;
    case Adapt::crop_pad:
      return crop_pad(values, saved, to);
    case Adapt::select:
      return select(values, saved, to);
    case Adapt::inflate:
      return inflate(values, saved, to);
    case Adapt::reinitialize:
    case Adapt::transpose:
    case Adapt::transpose_depthwise:
      return;
  }
}

}  // namespace fanin::start
