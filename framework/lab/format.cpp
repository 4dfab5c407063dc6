#include "framework/lab/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fanin::lab {
namespace {

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string spaces_for(const std::string& text, int width) {
  return std::string(static_cast<std::size_t>(std::max(0, width - text_width(text))), ' ');
}

}  // namespace

std::string percent(double fraction, int digits) {
  return std::isfinite(fraction) ? fmt::format("{:.{}f}", 100 * fraction, digits) : "-";
}

std::string signed_percent(double fraction, int digits) {
  return std::isfinite(fraction) ? fmt::format("{:+.{}f}", 100 * fraction, digits) : "-";
}

int text_width(const std::string& text) {
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

}  // namespace fanin::lab
