#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include <fanin/compare/page_files.hpp>
#include <fanin/compare/report.hpp>
#include <fanin/compare/report_data.hpp>
#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>
#include <fanin/train/settings.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t largest_library = 8 << 20;

/// Chart.js as the text of a <script> element; empty when there is no such file.
std::string chart_library(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  std::string text(largest_library, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() == largest_library || text.find("Chart.js v3") == std::string::npos) return "";
  for (std::size_t at = 0; (at = text.find("</script", at)) != std::string::npos; at += 3)
    text.insert(at + 1, "\\");
  return text;
}

/// "2 models × 3 label budgets × 4 schemes × 5 seeds".
std::string grid_text(const Comparison& comparison) {
  const Settings& settings = comparison.settings;
  std::set<std::string> models;
  std::set<Index> budgets;
  for (const Subject& subject : settings.subjects) {
    models.insert(subject.model);
    budgets.insert(subject.labels_per_class);
  }
  const std::size_t shown = models.empty() ? models_of(comparison).size() : models.size();
  return fmt::format("{}{} × {} × {}", text::counted(shown, "model"),
                     budgets.size() > 1 ? " × " + text::counted(budgets.size(), "label budget") : "",
                     text::counted(schemes_of(comparison).size(), "scheme"),
                     text::counted(settings.seeds.size(), "seed"));
}

/// "label_smoothing" as a page says it.
std::string spoken(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

/// The settings that a reader looks for first, and all that are not as they are by default.
bool shown_at_once(const std::pair<std::string, std::string>& setting) {
  static const train::SettingTexts usual = train::settings_of(train::TrainOptions{});
  static constexpr std::array always = {"epochs", "batch", "optimizer", "lr", "schedule"};
  return std::find(always.begin(), always.end(), setting.first) != always.end() ||
         std::find(usual.begin(), usual.end(), setting) == usual.end();
}

std::string facts_html(const Comparison& comparison) {
  const Settings& settings = comparison.settings;
  std::string html = "<ul class=\"facts\">\n";
  auto fact = [&](const std::string& name, const std::string& value) {
    if (!value.empty())
      html += fmt::format("<li><span>{}</span>{}</li>\n", html_escape(name), html_escape(value));
  };
  fact("data", settings.data);
  fact("grid", grid_text(comparison));
  std::string rest;
  for (const auto& setting : settings.training) {
    const auto& [key, value] = setting;
    if (shown_at_once(setting)) fact(spoken(key), value);
    rest += fmt::format("<li><span>{}</span>{}</li>\n", html_escape(spoken(key)), html_escape(value));
  }
  for (const auto& [key, value] : settings.extra) fact(spoken(key), value);
  fact("date", settings.date);
  html += "</ul>\n";
  if (!rest.empty())
    html += "<details><summary>Every setting of the training</summary><ul class=\"facts\">\n" + rest +
            "</ul></details>\n";
  return html;
}

std::string findings_html(const Comparison& comparison) {
  std::string html = "<div class=\"findings\">\n";
  for (const std::string& model : models_of(comparison)) {
    html += fmt::format("<p><strong>{}</strong>: {}</p>\n", html_escape(model),
                        html_escape(verdict(comparison, model)));
  }
  if (comparison.summary.empty()) html += "<p>There are no results yet.</p>\n";
  return html + "</div>\n";
}

std::string section_html(const Comparison& comparison, const std::string& model, std::size_t number) {
  std::string html = fmt::format("<section id=\"model-{}\">\n<h2>{}</h2>\n", number, html_escape(model));
  html += summary_html(comparison, model);
  html += fmt::format("<p class=\"soft\">{}</p>\n<div class=\"figures\"></div>\n",
                      html_escape(method_text(comparison.settings)));
  if (const std::string incidents = incidents_html(comparison, model); !incidents.empty()) {
    html += "<details open><summary>Runs that ended early</summary>" + incidents + "</details>\n";
  }
  if (const std::string plans = plans_html(comparison, model); !plans.empty()) {
    html += "<details><summary>What each scheme means here</summary>" + plans + "</details>\n";
  }
  return html + "</section>\n";
}

}  // namespace

std::string report_html(const Comparison& comparison, const ReportOptions& options) {
  const std::string library = chart_library(options.chart_library);
  const std::string title = html_escape(options.title);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n";
  html += fmt::format("<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n", title,
                      page_style(), title);
  html += facts_html(comparison) + findings_html(comparison);
  html +=
      "<noscript><div class=\"warning\">The charts need JavaScript; the tables do not.</div></noscript>\n";
  if (library.empty()) {
    html += fmt::format(
        "<div class=\"warning\"><strong>This report has no charts</strong>: Chart.js 3 was not found at {} "
        "when it was written. Install libjs-chart.js and run the comparison again; finished runs are "
        "kept.</div>\n",
        html_escape(options.chart_library));
  }
  html += "<div class=\"tabs\" id=\"tabs\" role=\"tablist\" hidden></div>\n";
  std::size_t number = 0;
  for (const std::string& model : models_of(comparison)) html += section_html(comparison, model, number++);
  html +=
      "<footer class=\"soft\">Written by fanin. This file is complete: it loads nothing from "
      "elsewhere.</footer>\n";
  html += "</main>\n<script type=\"application/json\" id=\"data\">" + report_data(comparison) + "</script>\n";
  if (!library.empty()) html += "<script>\n" + library + "\n</script>\n";
  html += "<script>\n" + page_script() + "</script>\n</body>\n</html>\n";
  return html;
}

}  // namespace fanin::compare
