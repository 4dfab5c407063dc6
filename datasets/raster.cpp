#include "datasets/raster.hpp"

#include <charconv>

#include <fanin/core/fail.hpp>

namespace fanin::datasets {
namespace {

std::optional<unsigned> number(const std::string& text, int base) {
  unsigned value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Background> Background::parse(const std::string& text) {
  if (text == "white") return Background{255, 255, 255};
  if (text == "black") return Background{0, 0, 0};
  const auto value = number(text, text.size() == 6 ? 16 : 10);
  if (!value || (text.size() != 6 && *value > 255)) return std::nullopt;
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(*value >> shift); };
  return text.size() == 6 ? Background{byte(16), byte(8), byte(0)} : Background{byte(0), byte(0), byte(0)};
}

void require_bearable(const std::string& path, Index width, Index height) {
  if (width <= 0 || height <= 0) fail("{}: broken image (it is {}x{} pixels large)", path, width, height);
  if (width > longest_side || height > longest_side || width > most_pixels / height)
    fail("{}: an image of {}x{} pixels is too large, at most {} are read", path, width, height, most_pixels);
}

}  // namespace fanin::datasets
