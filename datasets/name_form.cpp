#include "datasets/name_form.hpp"

#include <algorithm>
#include <iterator>

#include <fanin/core/printable.hpp>

#include "datasets/decompositions.hpp"

namespace fanin::datasets {
namespace {

void append(std::string& text, std::uint32_t point) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

void append_decomposed(std::string& text, std::uint32_t point) {
  constexpr std::uint32_t first_syllable = 0xac00, syllables = 11172, vowels = 21, tails = 28;
  if (point >= first_syllable && point < first_syllable + syllables) {
    const std::uint32_t index = point - first_syllable, tail = index % tails;
    append(text, 0x1100 + index / tails / vowels);
    append(text, 0x1161 + index / tails % vowels);
    if (tail > 0) append(text, 0x11a7 + tail);
    return;
  }
  const auto found =
      std::lower_bound(std::begin(decompositions), std::end(decompositions), point,
                       [](const Decomposition& one, std::uint32_t wanted) { return one.composed < wanted; });
  if (found == std::end(decompositions) || found->composed != point) return append(text, point);
  append_decomposed(text, found->letter);
  append(text, found->mark);
}

/// Letters without accents, which is what decomposed text has.
std::uint32_t small_letter(std::uint32_t point) {
  if ((point >= 'A' && point <= 'Z') || (point >= 0x391 && point <= 0x3a9) ||
      (point >= 0x410 && point <= 0x42f) || (point >= 0xc6 && point <= 0xde && point != 0xd7))
    return point + 32;
  if (point >= 0x400 && point <= 0x40f) return point + 80;
  if ((point >= 0x100 && point <= 0x137) || (point >= 0x14a && point <= 0x177) ||
      (point >= 0x460 && point <= 0x52f))
    return point | 1;
  if ((point >= 0x139 && point <= 0x148) || (point >= 0x179 && point <= 0x17e)) return point + (point & 1);
  return point == 0x3c2 ? 0x3c3 : point;  // the final sigma
}

template <class Append>
std::string each_point(std::string_view name, const Append& add) {
  std::string text;
  while (!name.empty()) {
    const CodePoint point = code_point(name);
    if (point.bytes == 0)
      text += name[0];
    else
      add(text, point.value);
    name.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return text;
}

}  // namespace

std::string decomposed(std::string_view name) { return each_point(name, append_decomposed); }

std::string without_case(std::string_view name) {
  return each_point(decomposed(name),
                    [](std::string& text, std::uint32_t point) { append(text, small_letter(point)); });
}

}  // namespace fanin::datasets
