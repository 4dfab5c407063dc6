#include <doctest/doctest.h>

#include <limits>

#include <fanin/compare/table.hpp>

using namespace fanin::compare;

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// A scheme's label holds what CSV, Markdown and LaTeX all read as structure.
Table awkward() {
  return {.name = "accuracy",
          .caption = "50 % of {a_b}",
          .columns = {{.title = "scheme", .text = true},
                      {.title = "accuracy, %", .fields = {"accuracy", "low", "high"}},
                      {.title = "steps"}},
          .rows = {
              {.cells = {{"mine={conv*=orthogonal(gain=1.41), *.bias=zeros}"},
                         {"87.90 ± 0.44", {0.879, 0.8746, 0.8834}},
                         {"550"}}},
              {.cells = {{"=1+2 | \"b\" \\ & <i> [x] ~^ #1 $y`"}, {"–", {nothing, nothing, nothing}}, {"–"}}},
              {.cells = {{"[two\nlines]"}, {"−0.10", {-0.001}}, {"-1"}}}}};
}

}  // namespace

TEST_CASE(
    "a table as CSV has a column for each number, quotes what is structure and lets no spreadsheet run it") {
  CHECK(table_csv(awkward()) ==
        "scheme,accuracy,low,high,steps\n"
        "\"mine={conv*=orthogonal(gain=1.41), *.bias=zeros}\",0.879,0.8746,0.8834,550\n"
        "\"'=1+2 | \"\"b\"\" \\ & <i> [x] ~^ #1 $y`\",,,,\n"
        "\"[two\nlines]\",-0.001,,,'-1\n");
}

TEST_CASE("a table as Markdown keeps its columns whatever its cells hold") {
  CHECK(table_markdown(awkward()) ==
        "| scheme | accuracy, % | steps |\n"
        "|:---|---:|---:|\n"
        "| mine={conv\\*=orthogonal(gain=1.41), \\*.bias=zeros} | 87.90 ± 0.44 | 550 |\n"
        "| =1+2 \\| \"b\" \\\\ &amp; &lt;i&gt; \\[x\\] \\~^ #1 \\$y\\` | – | – |\n"
        "| \\[two\\\\nlines\\] | −0.10 | -1 |\n");
}

TEST_CASE("a table as LaTeX escapes what would be a command") {
  CHECK(
      table_latex(awkward()) ==
      "% needs \\usepackage{booktabs,textcomp}\n"
      "\\begin{table}\n\\centering\n\\caption{50 \\% of \\{a\\_b\\}}\n\\begin{tabular}{lrr}\n\\toprule\n"
      "scheme & accuracy, \\% & steps \\\\\n\\midrule\n"
      "mine=\\{conv*=orthogonal(gain=1.41), *.bias=zeros\\} & 87.90 $\\pm$ 0.44 & 550 \\\\\n"
      "=1+2 \\textbar{} \\textquotedbl{}b\\textquotedbl{} \\textbackslash{} \\& \\textless{}i\\textgreater{} "
      "{[}x] \\textasciitilde{}\\textasciicircum{} \\#1 \\$y\\textasciigrave{} & -- & -- \\\\\n"
      "{[}two\\textbackslash{}nlines] & $-$0.10 & {-}1 \\\\\n"
      "\\bottomrule\n\\end{tabular}\n\\end{table}\n");
}
