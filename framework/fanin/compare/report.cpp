#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include <fanin/compare/answer.hpp>
#include <fanin/compare/html_text.hpp>
#include <fanin/compare/looks.hpp>
#include <fanin/compare/page_files.hpp>
#include <fanin/compare/report.hpp>
#include <fanin/compare/report_data.hpp>
#include <fanin/compare/report_sections.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>
#include <fanin/train/settings.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t largest_library = 8 << 20;
constexpr int refresh_seconds = 10;

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
  if (!comparison.provenance.reproduce.empty())
    html += fmt::format("<p class=\"reproduce\">reproduce with: <code>{}</code></p>\n",
                        html_escape(train::shell_line(comparison.provenance.reproduce)));
  if (!rest.empty())
    html += "<details><summary>Every setting of the training</summary><ul class=\"facts\">\n" + rest +
            "</ul></details>\n";
  return html;
}

/// The answer first, then how far it is to be trusted.
std::string answer_html(const Comparison& comparison) {
  const std::string text = answer(comparison);
  return fmt::format("<div class=\"answer\"><p>{}</p></div>\n",
                     html_escape(text.empty() ? "There are no results yet." : text));
}

std::string method_html(const Comparison& comparison) {
  return fmt::format(
      "<details><summary>How intervals, marks and findings come about</summary><p>{}</p></details>\n",
      html_escape(method_text(comparison.settings)));
}

std::string live_html(const Comparison& comparison) {
  const std::string choosing =
      comparison.tuning.empty()
          ? ""
          : fmt::format(", after {}",
                        comparison.tuning.size() == 1
                            ? "1 run that chooses a learning rate"
                            : text::counted(comparison.tuning.size(), "run") + " that choose learning rates");
  return fmt::format(
      "<div class=\"warning live\" role=\"status\">The grid is running; {}{} so far. This page loads itself anew every {} "
      "seconds until it is done.</div>\n",
      text::counted(comparison.runs.size(), "finished run"), choosing, refresh_seconds);
}

}  // namespace

std::string report_html(const Comparison& comparison, const ReportOptions& options) {
  const std::string library = chart_library(options.chart_library);
  const std::string title = html_escape(options.title);
  const std::vector<Section> parts = sections(comparison);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n";
  if (options.live)
    html +=
        fmt::format("<noscript><meta http-equiv=\"refresh\" content=\"{}\"></noscript>\n", refresh_seconds);
  html += fmt::format("<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body{}>\n<main>\n<h1>{}</h1>\n",
                      title, palette_css(), page_style(),
                      !options.live ? "" : fmt::format(" data-refresh=\"{}\"", refresh_seconds), title);
  html += answer_html(comparison) + (options.live ? live_html(comparison) : "") + facts_html(comparison) +
          method_html(comparison);
  if (library.empty()) {
    html += fmt::format(
        "<div class=\"warning\"><strong>The figures are pictures here</strong>, without numbers to point at: Chart.js "
        "3 was not found at {} when the page was written. Install libjs-chart.js and write it anew: fanin report "
        "DIR.</div>\n",
        html_escape(options.chart_library));
  }
  html += "<div class=\"tabs\" id=\"tabs\" role=\"tablist\" hidden></div>\n";
  for (const Section& section : parts) html += section_html(section, comparison);
  html +=
      "<footer class=\"soft\">Written by fanin. This file is complete: it loads nothing from "
      "elsewhere.</footer>\n";
  html += "</main>\n<script type=\"application/json\" id=\"data\">" + report_data(comparison, parts) +
          "</script>\n";
  if (!library.empty()) html += "<script>\n" + library + "\n</script>\n";
  html += "<script>\n" + page_script() + "</script>\n</body>\n</html>\n";
  return html;
}

}  // namespace fanin::compare
