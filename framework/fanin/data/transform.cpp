#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/data/transform.hpp>

namespace fanin::data {
namespace {

constexpr Index max_move = 4096;
constexpr auto fills = named_values<Transform::Fill>("mode", {{Transform::Fill::zero, "zero"},
                                                              {Transform::Fill::edge, "edge"},
                                                              {Transform::Fill::reflect, "reflect"}});

/// A number, or several joined by '+'; empty for an option that is missing or not of this form.
std::vector<double> constants(const CallOptions& options, const char* key) {
  if (!options.has(key)) return {};
  const std::string text = options.word(key, "");
  std::vector<double> all;
  for (const char* at = text.c_str();;) {
    char* end = nullptr;
    all.push_back(std::strtod(at, &end));
    if (end == at || !std::isfinite(all.back())) break;
    if (*end == '\0') return all;
    if (*end != '+') break;
    at = end + 1;
  }
  if (text.find('+') != std::string::npos) return {};
  return {options.number(key, 0)};  // as any number is written: 1/255, sqrt(2)
}

std::string joined(const std::vector<double>& numbers) {
  std::string text;
  for (const double one : numbers) text += (text.empty() ? "" : "+") + number_text(one);
  return text;
}

}  // namespace

Transform& Transform::crop(Index pad, Fill mode) {
  if (pad < 0 || pad > max_move) fail_usage("crop: pad {} must be in 0..{}", pad, max_move);
  steps_.push_back({.kind = Kind::crop, .x = pad, .y = pad, .fill = mode});
  return *this;
}

Transform& Transform::flip(double p) {
  if (!(p >= 0 && p <= 1)) fail_usage("flip: p {} must be in 0..1", p);
  steps_.push_back({.kind = Kind::flip, .p = p});
  return *this;
}

Transform& Transform::shift(Index x, Index y) {
  if (x < 0 || x > max_move || y < 0 || y > max_move)
    fail_usage("shift: x {} and y {} must be in 0..{}", x, y, max_move);
  steps_.push_back({.kind = Kind::shift, .x = x, .y = y});
  return *this;
}

Transform& Transform::normalize(Normalization normalization) {
  if (normalization.empty()) return *this;
  // A float's range: that is how a data set, a model file and a loader hold them.
  for (const double mean : normalization.mean) {
    if (!std::isfinite(static_cast<float>(mean))) fail_usage("normalise: mean {} must be finite", mean);
  }
  for (const double stddev : normalization.stddev) {
    if (!(static_cast<float>(stddev) > 0 && std::isfinite(static_cast<float>(stddev))))
      fail_usage("normalise: stddev {} must be positive", stddev);
  }
  if (normalization.stddev.empty()) fail_usage("normalise: stddev is missing");
  normalization_ = std::move(normalization);
  return *this;
}

Transform Transform::parse(const std::string& text) {
  static const std::vector<std::string> names = {"crop", "flip", "shift", "normalise"};
  Transform transform;
  for (const auto& [begin, end] : split_calls(text, ";")) {
    const CallExpression call = CallExpression::parse(text, begin, end);
    if (call.name == "crop") {
      const CallOptions options(call, "transform", {"pad", "mode"});
      transform.crop(options.integer("pad", 2, 0, max_move),
                     fills.named(options.word("mode", "zero", fills.names())));
    } else if (call.name == "flip") {
      const CallOptions options(call, "transform", {"p"});
      const double p = options.number("p", 0.5);
      if (p < 0 || p > 1) options.refuse("p", "from 0 to 1");
      transform.flip(p);
    } else if (call.name == "shift") {
      const CallOptions options(call, "transform", {"x", "y"});
      const Index x = options.integer("x", options.has("y") ? 0 : 2, 0, max_move);
      transform.shift(x, options.integer("y", x, 0, max_move));
    } else if (call.name == "normalise" || call.name == "normalize") {
      const CallOptions options(call, "transform", {"mean", "stddev"});
      const auto mean = constants(options, "mean"), stddev = constants(options, "stddev");
      if (mean.empty()) options.refuse("mean", "a number, or one for each channel as 0.5+0.4+0.3");
      if (stddev.empty() || !std::all_of(stddev.begin(), stddev.end(), [](double s) { return s > 0; }))
        options.refuse("stddev", "a positive number, or one for each channel as 0.2+0.2+0.3");
      transform.normalize({mean, stddev});
    } else {
      fail_usage("unknown transform {} {}{}", in_quotes(call.name), at_character(text, call.position),
                 suggest(call.name, names));
    }
  }
  return transform;
}

std::string Transform::to_string() const {
  std::vector<std::string> parts;
  for (const Step& step : steps_) {
    if (step.kind == Kind::crop)
      parts.push_back(step.fill == Fill::zero
                          ? fmt::format("crop(pad={})", step.x)
                          : fmt::format("crop(pad={}, mode={})", step.x, fills.name_of(step.fill)));
    else if (step.kind == Kind::flip)
      parts.push_back(step.p == 0.5 ? "flip" : fmt::format("flip(p={})", step.p));
    else
      parts.push_back(step.x == step.y ? fmt::format("shift({})", step.x)
                                       : fmt::format("shift(x={}, y={})", step.x, step.y));
  }
  if (const auto& [mean, stddev] = normalization_; !mean.empty())
    parts.push_back(fmt::format("normalise(mean={}, stddev={})", joined(mean), joined(stddev)));
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

/// Where the pixel at `i` comes from, along one axis: the nearest one inside, or the mirror's, which does not
/// repeat the border itself (PyTorch's "reflect").
Index Transform::inside(Fill fill, Index i, Index size) {
  if (fill != Fill::reflect || size == 1) return std::clamp<Index>(i, 0, size - 1);
  const Index period = 2 * (size - 1);
  i = ((i % period) + period) % period;
  return i < size ? i : period - i;
}

void Transform::augment(const ImageView& image, std::span<std::uint8_t> scratch, Generator& gen) const {
  const auto [pixels, channels, height, width] = image;
  const bool moves =
      std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.kind != Kind::flip; });
  if (channels < 1 || height < 1 || width < 1)
    fail("augment: image size {}x{}x{} must be positive", channels, height, width);
  if (pixels == nullptr || (moves && static_cast<Index>(scratch.size()) < channels * height * width))
    fail("augment: an image of {}x{}x{} needs its pixels and as many bytes of scratch memory, got {}",
         channels, height, width, scratch.size());
  for (const Step& step : steps_) {
    if (step.kind == Kind::flip) {
      if (gen.uniform01() >= step.p) continue;
      for (Index row = 0; row < channels * height; ++row)
        std::reverse(pixels + row * width, pixels + (row + 1) * width);
      continue;
    }
    const Index dy = gen.below(2 * step.y + 1) - step.y;
    const Index dx = gen.below(2 * step.x + 1) - step.x;
    if (dx == 0 && dy == 0) continue;
    const auto bytes = static_cast<std::size_t>(channels * height * width);
    std::memcpy(scratch.data(), pixels, bytes);
    // Columns first..last of a row come from inside the image, the others from its border or from nowhere.
    const Index first = std::clamp<Index>(-dx, 0, width), last = std::clamp<Index>(width - dx, first, width);
    for (Index row = 0; row < channels * height; ++row) {
      std::uint8_t* out = pixels + row * width;
      const Index y = row % height + dy;
      if (step.fill == Fill::zero && (y < 0 || y >= height)) {
        std::memset(out, 0, static_cast<std::size_t>(width));
        continue;
      }
      const std::uint8_t* in =
          scratch.data() + (row / height * height + inside(step.fill, y, height)) * width;
      for (Index x = 0; x < first; ++x)
        out[x] = step.fill == Fill::zero ? 0 : in[inside(step.fill, x + dx, width)];
      if (last > first) std::memcpy(out + first, in + first + dx, static_cast<std::size_t>(last - first));
      for (Index x = last; x < width; ++x)
        out[x] = step.fill == Fill::zero ? 0 : in[inside(step.fill, x + dx, width)];
    }
  }
}

}  // namespace fanin::data
