#include "examples/claims/claim_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/format.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/io/finite_json.hpp>

namespace fanin::claims {
namespace {

constexpr int columns = 110;
constexpr int predicted_column = 20, seen_column = 11, mark_column = 10;
constexpr int what_column = columns - predicted_column - seen_column - mark_column - 2;

const char* verdict_of(const Finding& finding) { return finding.reproduced() ? "reproduced" : "FAILED"; }
const char* mark_of(const Check& check) { return check.holds ? "holds" : "FAILS"; }

constexpr auto relations = named_values<Relation>(
    "relation",
    {{Relation::equal, "equal"}, {Relation::at_least, "at_least"}, {Relation::at_most, "at_most"}});

/// `text` broken at spaces into lines of at most `width` columns, each after the first behind `indent`.
std::string wrapped(const std::string& text, int width, const std::string& indent) {
  std::string result, line;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && text::text_width(line) + 1 + text::text_width(word) > width) {
      result += line + "\n" + indent;
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return result + line;
}

/// A figure's lines in the table: what it is, then its formula beneath where that does not fit beside it.
std::string check_lines(const Prediction& prediction, const std::string& seen, const std::string& mark) {
  const std::string figures = " " + text::pad_left(prediction_text(prediction), predicted_column) +
                              text::pad_left(seen, seen_column) + "  " + mark;
  const std::string beside = prediction.what + "  [" + prediction.formula + "]";
  if (text::text_width(beside) <= what_column - 2)
    return "  " + text::pad_right(beside, what_column - 2) + figures + "\n";
  return "  " + text::pad_right(text::shorten(prediction.what, what_column - 2), what_column - 2) + figures +
         "\n      [" + wrapped(prediction.formula, columns - 8, "       ") + "]\n";
}

std::string heading(const std::string& name, const std::string& paper, const std::string& words,
                    const std::string& setting) {
  return fmt::format("{} ({})\n  “{}”\n  {}\n", name, paper, wrapped(words, columns - 4, "   "),
                     wrapped(setting, columns - 2, "  "));
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string totals(const std::vector<Finding>& findings) {
  const auto reproduced =
      std::count_if(findings.begin(), findings.end(), [](auto& one) { return one.reproduced(); });
  return fmt::format("{} reproduced, {} failed", reproduced,
                     static_cast<std::ptrdiff_t>(findings.size()) - reproduced);
}

}  // namespace

std::string figure_text(double figure) {
  if (std::isnan(figure)) return "-";
  if (std::isinf(figure)) return figure > 0 ? "∞" : "-∞";
  return fmt::format("{:.4g}", figure);
}

std::string prediction_text(const Prediction& p) {
  if (p.relation == Relation::at_least) return "≥ " + figure_text(p.figure);
  if (p.relation == Relation::at_most) return "≤ " + figure_text(p.figure);
  std::string text = figure_text(p.figure);
  if (p.share == 0 && p.margin == 0) return text + " exactly";
  if (p.share > 0) text += fmt::format(" ± {:.4g} %", 100 * p.share);
  if (p.margin > 0) text += " ± " + figure_text(p.margin);
  return text;
}

std::string claims_list(const std::vector<Claim>& claims) {
  std::string text;
  for (const auto& claim : claims) {
    text += heading(claim.name, claim.paper, claim.words, claim.setting);
    for (const auto& prediction : claim.predict()) text += check_lines(prediction, "", "");
    text += "\n";
  }
  return text;
}

std::string findings_table(const std::vector<Finding>& findings) {
  std::string text = text::pad_right("claim", what_column) + " " +
                     text::pad_left("predicted", predicted_column) + text::pad_left("seen", seen_column) +
                     "  verdict\n";
  for (int i = 0; i < columns; ++i) text += "─";
  text += "\n";
  for (const auto& finding : findings) {
    text += text::pad_right(finding.name + " (" + finding.paper + ")", columns - mark_column - 10) +
            text::pad_left(fmt::format("{:.1f} s", finding.seconds), 8) + "  " + verdict_of(finding) + "\n";
    text += "  “" + wrapped(finding.words, columns - 4, "   ") + "”\n";
    if (!finding.error.empty())
      text += "  " + wrapped("broke off: " + finding.error, columns - 2, "  ") + "\n";
    for (const auto& one : finding.checks)
      text += check_lines(one.prediction, figure_text(one.seen), mark_of(one));
    text += "\n";
  }
  return text + totals(findings) + "\n";
}

std::string findings_markdown(const std::vector<Finding>& findings) {
  std::string text = "| claim | paper | predicted | seen | verdict |\n| --- | --- | --- | ---: | --- |\n";
  for (const auto& finding : findings) {
    text += fmt::format("| **{}**: {} *({})* | {} | | {} | **{}** |\n", finding.name, cell(finding.words),
                        cell(finding.setting), cell(finding.paper), cell(finding.error), verdict_of(finding));
    for (const auto& one : finding.checks) {
      text += fmt::format("| {} | | {}: {} | {} | {} |\n", cell(one.prediction.what),
                          cell(one.prediction.formula), cell(prediction_text(one.prediction)),
                          figure_text(one.seen), mark_of(one));
    }
  }
  return text + "\n" + totals(findings) + "\n";
}

std::string findings_json(const std::vector<Finding>& findings, std::uint64_t seed) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& finding : findings) {
    nlohmann::ordered_json checks = nlohmann::ordered_json::array();
    for (const auto& [p, seen, holds] : finding.checks) {
      checks.push_back({{"what", p.what},
                        {"formula", p.formula},
                        {"relation", relations.name_of(p.relation)},
                        {"predicted", io::finite_or_null(p.figure)},
                        {"share", p.share},
                        {"margin", p.margin},
                        {"seen", io::finite_or_null(seen)},
                        {"holds", holds}});
    }
    nlohmann::ordered_json one = {{"name", finding.name},
                                  {"paper", finding.paper},
                                  {"claim", finding.words},
                                  {"setting", finding.setting},
                                  {"reproduced", finding.reproduced()}};
    if (!finding.error.empty()) one["error"] = finding.error;
    one["checks"] = std::move(checks);
    one["seconds"] = std::round(finding.seconds * 1000) / 1000;
    all.push_back(std::move(one));
  }
  const auto failed =
      std::count_if(findings.begin(), findings.end(), [](auto& one) { return !one.reproduced(); });
  return nlohmann::ordered_json{{"seed", seed}, {"failed", failed}, {"claims", std::move(all)}}.dump(2) +
         "\n";
}

}  // namespace fanin::claims
