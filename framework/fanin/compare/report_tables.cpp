#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/report_data.hpp>
#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::compare {
namespace {

constexpr int palette_size = 11;  // style.css: --c0 … --c10; the default scheme has the text's colour

std::string swatch(const Comparison& comparison, const std::string& scheme) {
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  int rank = 0;
  for (const std::string& other : schemes_of(comparison)) {
    if (other == scheme) break;
    rank += other != baseline;
  }
  const std::string name = scheme == baseline ? "ink" : fmt::format("c{}", rank % palette_size);
  return fmt::format("<i class=\"swatch\" style=\"background:var(--{})\"></i>", name);
}

/// The row's first cell. A name breaks after its punctuation first, where the column is narrow.
std::string name_cell(const Comparison& comparison, const std::string& scheme) {
  std::string name;
  for (char c : html_escape(scheme)) {
    name += c;
    if (c == '(' || c == '_' || c == ',') name += "<wbr>";
  }
  return fmt::format("<td><div class=\"name{}\">{}<span>{}</span></div></td>",
                     text::text_width(scheme) > 32 ? " long" : "", swatch(comparison, scheme), name);
}

std::string with_interval(const std::string& value, double center, const statistics::Interval& interval) {
  const std::string text = interval_text(center, interval);
  return text.empty() ? value : value + " " + text;
}

std::string difference_cell(const Summary& row) {
  if (row.is_default) return baseline_word(row.scheme);
  if (!std::isfinite(row.difference_to_default)) return "–";
  std::string value = text::signed_percent(row.difference_to_default);
  if (value[0] == '-') value.replace(0, 1, "−");
  const std::string text = with_interval(value, row.difference_to_default, row.difference_interval);
  if (!row.significant) return text;
  return fmt::format("<span class=\"{}\">{} *</span>", row.difference_to_default > 0 ? "plus" : "minus",
                     text);
}

std::string p_cell(double p) {
  if (!std::isfinite(p)) return "–";
  return p < 0.001 ? "&lt; 0.001" : fmt::format("{:.3f}", p);
}

std::string number_cell(double value, int digits) {
  return std::isfinite(value) ? text::number(value, digits) : "–";
}

}  // namespace

std::string html_escape(const std::string& text) {
  std::string safe;
  for (char c : printable_lines(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string summary_html(const Comparison& comparison, const std::string& model) {
  const bool threshold = comparison.settings.threshold > 0;
  const auto rows = ranking(comparison, model);
  const bool failures =
      std::any_of(rows.begin(), rows.end(), [](const Summary& row) { return row.failed > 0; });
  std::string html =
      "<div class=\"scroll\"><table>\n<tr><th>scheme</th><th>test accuracy, %</th><th>difference to " +
      html_escape(text::shorten(default_scheme(comparison.settings, comparison.runs), 24)) +
      "</th><th>p (Holm)</th><th>test loss</th><th>diverged</th>";
  if (failures) html += "<th>failed</th>";
  if (threshold)
    html += fmt::format("<th>steps to {} %</th>", text::percent(comparison.settings.threshold, 0));
  html += "<th>s per run</th></tr>\n";
  for (const Summary& row : rows) {
    html += fmt::format("<tr{}>{}<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
                        row.is_default ? " class=\"default\"" : "", name_cell(comparison, row.scheme),
                        with_interval(text::percent(row.mean), row.mean, row.interval), difference_cell(row),
                        row.is_default ? "" : p_cell(row.p_adjusted), number_cell(row.test_loss, 3),
                        row.diverged > 0 ? fmt::format("{} of {}", row.diverged, row.runs) : "–");
    if (failures) {
      html +=
          fmt::format("<td>{}</td>", row.failed > 0 ? fmt::format("{} of {}", row.failed, row.runs) : "–");
    }
    if (threshold) {
      html += fmt::format("<td>{}</td>", row.runs == 0             ? "–"
                                         : !row.steps_to_threshold ? "never"
                                                                   : number_cell(*row.steps_to_threshold, 0));
    }
    html += fmt::format("<td>{}</td></tr>\n", number_cell(row.train_seconds, 1));
  }
  return html + "</table></div>\n";
}

std::string incidents_html(const Comparison& comparison, const std::string& model) {
  std::string rows;
  for (const Run& run : comparison.runs) {
    if (run.model != model || run.status == Status::ok) continue;
    const std::string step = run.diverged_step ? fmt::format("{}", *run.diverged_step) : "–";
    rows +=
        fmt::format("<tr>{}<td>{}</td><td class=\"text\">{}</td><td>{}</td><td class=\"text\">{}</td></tr>\n",
                    name_cell(comparison, run.scheme), run.seed, statuses.name_of(run.status), step,
                    html_escape(run.message));
  }
  if (rows.empty()) return "";
  return "<div class=\"scroll\"><table>\n<tr><th>scheme</th><th>seed</th><th class=\"text\">what "
         "happened</th><th>at step</th><th class=\"text\">message</th></tr>\n" +
         rows + "</table></div>\n";
}

std::string plans_html(const Comparison& comparison, const std::string& model) {
  std::string rows;
  std::set<std::string> shown;
  for (const Run& run : comparison.runs) {
    if (run.model != model || run.plan.empty() || !shown.insert(run.scheme).second) continue;
    rows += fmt::format("<tr>{}<td class=\"text\"><code>{}</code></td></tr>\n",
                        name_cell(comparison, run.scheme), html_escape(run.plan));
  }
  if (rows.empty()) return "";
  return "<div class=\"scroll\"><table>\n<tr><th>scheme</th><th class=\"text\">initializers</th></tr>\n" +
         rows + "</table></div>\n";
}

}  // namespace fanin::compare
