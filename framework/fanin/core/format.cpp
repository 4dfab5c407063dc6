#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/format.hpp>

namespace fanin::text {
namespace {

std::string spaces_for(const std::string& text, int width) {
  return std::string(static_cast<std::size_t>(std::max(0, width - text_width(text))), ' ');
}

}  // namespace

std::string without_minus_zero(const std::string& number) {
  const bool zero = number.starts_with("-") && number.find_first_not_of("0.", 1) == std::string::npos;
  return zero ? number.substr(1) : number;
}

std::string percent(double fraction, int digits) {
  return std::isfinite(fraction) ? without_minus_zero(fmt::format("{:.{}f}", 100 * fraction, digits)) : "-";
}

std::string signed_percent(double fraction, int digits) {
  if (!std::isfinite(fraction)) return "-";
  const std::string size = percent(std::abs(fraction), digits);
  if (size.find_first_not_of("0.") == std::string::npos) return size;
  return (fraction < 0 ? "-" : "+") + size;
}

std::string counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string number(double value, int digits) {
  if (std::isnan(value)) return "-";
  const double size = std::abs(value);
  const bool fits = size < 1e6 && (size >= 0.5 * std::pow(10.0, -digits) || size == 0);
  return fits || std::isinf(value) ? fmt::format("{:.{}f}", size == 0 ? 0 : value, digits)
                                   : fmt::format("{:.2e}", value);
}

int text_width(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::string shorten(const std::string& text, int width) {
  const int length = text_width(text);
  if (length <= width) return text;
  const int tail = 2 * (width - 1) / 5;
  const int head = width - 1 - tail;
  std::string result;
  int position = 0;  // of the code point that the byte belongs to, counted from 1
  for (char c : text) {
    position += starts_code_point(c);
    if (starts_code_point(c) && position == head + 1) result += "…";
    if (position <= head || position > length - tail) result += c;
  }
  return result;
}

std::string pad_right(const std::string& text, int width) { return text + spaces_for(text, width); }
std::string pad_left(const std::string& text, int width) { return spaces_for(text, width) + text; }

}  // namespace fanin::text
