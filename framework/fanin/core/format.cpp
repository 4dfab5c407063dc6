#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/char_width.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>

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
  int width = 0;
  while (!text.empty()) {
    const CodePoint one = code_point(text);
    width += one.bytes == 0 ? 1 : char_width(one.value);
    text.remove_prefix(std::max<std::size_t>(1, one.bytes));
  }
  return width;
}

std::size_t bytes_within(std::string_view text, int width) {
  std::size_t end = 0;
  while (end < text.size()) {
    const CodePoint one = code_point(text.substr(end));
    width -= one.bytes == 0 ? 1 : char_width(one.value);
    if (width < 0) break;
    end += std::max<std::size_t>(1, one.bytes);
  }
  return end;
}

std::string shorten(const std::string& text, int width, std::string_view sign) {
  const int length = text_width(text);
  if (length <= width) return text;
  const int room = std::max(0, width - text_width(sign)), tail = 2 * room / 5;
  std::string result = text.substr(0, bytes_within(text, room - tail));
  result += sign;
  std::size_t rest = bytes_within(text, length - tail);  // too early where a wide character is cut through
  while (text_width(std::string_view(text).substr(rest)) > tail)
    rest += std::max<std::size_t>(1, code_point(std::string_view(text).substr(rest)).bytes);
  return result + text.substr(rest);
}

std::string pad_right(const std::string& text, int width) { return text + spaces_for(text, width); }
std::string pad_left(const std::string& text, int width) { return spaces_for(text, width) + text; }

}  // namespace fanin::text
