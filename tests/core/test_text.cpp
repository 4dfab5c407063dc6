// Text for terminals: columns as they are displayed, lines that are folded, commands that stay one to a shell.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <fanin/core/format.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>

#include "tests/io/scratch.hpp"

using namespace fanin;

namespace {

int widest(const std::string& text) {
  std::istringstream lines(text);
  int most = 0;
  for (std::string line; std::getline(lines, line);) most = std::max(most, text::text_width(line));
  return most;
}

}  // namespace

TEST_CASE("text: columns are those that a terminal shows") {
  CHECK(text::text_width("abc") == 3);
  CHECK(text::text_width("√5 ± σ…") == 7);
  CHECK(text::text_width("日本語") == 6);
  CHECK(text::text_width("한") == 2);
  CHECK(text::text_width("e\u0301") == 1);  // é of two characters
  CHECK(text::text_width("😀") == 2);
  CHECK(text::text_width("\xff\xfe") == 2);  // what is no text takes a column a byte
  CHECK(text::pad_right("日本", 6) == "日本  ");
  CHECK(text::pad_left("é", 3) == "  é");
}

TEST_CASE("text: what is shortened fits, keeps both ends, and is cut between characters") {
  CHECK(text::shorten("kaiming_uniform(a=√5)", 30) == "kaiming_uniform(a=√5)");
  for (const std::string whole : {"kaiming_uniform(a=√5)", "日本語日本語日本語", "a日b本c語d日e本f語",
                                  "e\u0301e\u0301e\u0301e\u0301e\u0301"}) {
    for (int width = 1; width < text::text_width(whole); ++width) {
      CAPTURE(whole);
      CAPTURE(width);
      const std::string cut = text::shorten(whole, width);
      CHECK(text::text_width(cut) <= width);
      CHECK(text::text_width(cut) >= width - 2);
      CHECK(cut.find("…") != std::string::npos);
      if (width >= 4) CHECK(text::text_width(text::shorten(whole, width, "...")) <= width);
    }
  }
  CHECK(text::shorten("0123456789", 6) == "012…89");
  CHECK(text::bytes_within("日本", 3) == 3);
  CHECK(text::bytes_within("ab", 9) == 2);
}

TEST_CASE("text: prose is folded with its margin, other lines and commands stay as they are") {
  CHECK(text::folded("short\n\n  also\n", 80) == "short\n\n  also\n");
  CHECK(text::folded("no end", 80) == "no end");
  const std::string text = "  key: word another word of several that follow\n";
  const std::string folded = text::folded(text, 30);
  CHECK(folded == "  key: word another word of\n    several that follow\n");
  const std::string command =
      "fanin train --model \"mlp(hidden=16, activation=tanh)\" \\\n    --init 'a b c d e f g h i j k'\n";
  CHECK(text::folded(command, 30) == command);
  const std::string word(100, 'x');
  CHECK(text::folded(word, 30) == word);
}

TEST_CASE("text: a command of several lines is one to a shell, whatever its quotes hold") {
  const std::string command =
      R"(printf '%s\n' --model 'mlp(hidden=16, activation=tanh)' 'it'\''s  two' "a \" b" --init "x y z" a\ b last)";
  const Scratch scratch;
  const auto said = [&](const std::string& line) {
    REQUIRE(std::system(fmt::format("{} > {}", line, scratch / "out").c_str()) == 0);
    std::ifstream file(scratch / "out");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  for (const int width : {20, 40, 60, 300}) {
    const std::string lines = text::command_lines(command, width);
    CAPTURE(lines);
    CHECK(lines.ends_with("last\n"));
    CHECK(said(lines.substr(0, lines.size() - 1)) == said(command));
  }
  CHECK(text::command_lines(command, 300) == command + "\n");
  const std::string indented = text::command_lines("  fanin plan --model lenet --init orthogonal", 30);
  CHECK(indented == "  fanin plan --model lenet \\\n      --init orthogonal\n");
}

TEST_CASE("text: a table's cells are broken to fit, and wide characters keep its columns straight") {
  text::TextTable table({{"name"}, {"what it says"}, {"number", true}});
  table.add({"日本語", "some words that take more space than there is", "12"});
  table.add({"ab", "few", "3456"});
  const std::string whole = table.to_string();
  CHECK(whole.starts_with("name    what it says"));
  CHECK(whole.find("日本語  some") != std::string::npos);
  CHECK(whole.find("ab      few") != std::string::npos);
  for (const int width : {30, 40, 50}) CHECK(widest(table.to_string(width)) <= width);
  // Where no breaking of prose is enough, a row goes on in further lines, and its cells stay whole.
  text::TextTable wide({{"parameter"}, {"shape"}, {"scheme"}, {"std", true}, {"mean", true}});
  wide.add({"conv1.weight", "[6, 1, 5, 5]", "kaiming_uniform(a=√5)", "0.1155", "-0.0068"});
  wide.add({"conv1.bias", "[6]", "zeros", "0", "0"});
  CHECK(wide.to_string(50) ==
        "parameter    shape        scheme\n"
        "       std    mean\n"
        "conv1.weight [6, 1, 5, 5] kaiming_uniform(a=√5)\n"
        "    0.1155 -0.0068\n"
        "conv1.bias   [6]          zeros\n"
        "         0       0\n");
  text::TextTable narrow({{"x"}});
  narrow.add({"日本語日本語日本語日本語"});
  CHECK(widest(narrow.to_string(9)) <= 9);
}
