#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>

using namespace fanin;

TEST_CASE("printable: what a terminal would obey or hide is shown, the rest stays as it is") {
  struct Case {
    std::string text, shown;
  };
  const std::vector<Case> cases = {
      {"", ""},
      {"conv1.weight", "conv1.weight"},
      {"Größe ≥ 1 ▁█ 漢字 😀", "Größe ≥ 1 ▁█ 漢字 😀"},
      {"a\nb\tc\r", "a\\nb\\tc\\x0d"},
      {"\x1b[31m", "\\x1b[31m"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x7f", "\\x7f"},
      {"\xc2\23331m", "\\u009b31m"},                   // C1: another way to write ESC [
      {"\xe2\x80\xaegnp.exe", "\\u202egnp.exe"},       // right-to-left override
      {"\xe2\x80\x8b\xef\xbb\xbf", "\\u200b\\ufeff"},  // not seen at all
      {"\xff", "\\xff"},
      {"a\xc3", "a\\xc3"},                           // cut off
      {"\xc0\xaf", "\\xc0\\xaf"},                    // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // past U+10FFFF
  };
  for (const auto& [text, shown] : cases) {
    CHECK(printable(text) == shown);
    CHECK(printable(shown) == shown);
  }
}

TEST_CASE("printable: cuts by characters, and says that it cut") {
  CHECK(printable("abc", 3) == "abc");
  CHECK(printable("abcd", 3) == "abc…");
  CHECK(printable("äöüß", 3) == "äöü…");
  CHECK(printable("äöü", 3) == "äöü");
  CHECK(printable(std::string(100000, 'x'), 10) == "xxxxxxxxxx…");
  CHECK(printable("😀😀😀😀😀", 4) == "😀😀😀😀…");
  CHECK(text::text_width("äöü▁x") == 5);
  CHECK(text::text_width("") == 0);
}
