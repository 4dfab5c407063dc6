#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/compare/figure_rates.hpp>
#include <fanin/compare/report_data.hpp>
#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/io/finite_json.hpp>

namespace fanin::compare {
namespace {

using Json = nlohmann::ordered_json;

/// Five significant digits are more than a screen shows; null for a number that is not known.
Json rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0) return 0;
  const double unit = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(unit) && unit > 0 ? std::round(value * unit) / unit : value;
}

Json axis_json(const Axis& axis) {
  Json ticks = Json::array();
  for (const Tick& tick : axis.ticks) ticks.push_back(Json::array({rounded(tick.value), tick.text}));
  return {{"title", axis.title}, {"logarithmic", axis.logarithmic}, {"low", axis.low}, {"high", axis.high},
          {"names", axis.names}, {"ticks", std::move(ticks)}};
}

/// [x, y, low, high, hollow], shorter where the last ones say nothing.
Json point_json(const FigurePoint& point) {
  Json json = Json::array({rounded(point.x), rounded(point.y)});
  if (std::isfinite(point.low) || point.hollow)
    json.insert(json.end(), {rounded(point.low), rounded(point.high)});
  if (point.hollow) json.push_back(1);
  return json;
}

Json figure_json(const Figure& figure) {
  const bool rows = figure.kind == Figure::Kind::rows;
  Json series = Json::array();
  for (const Series& one : figure.series) {
    Json json = {{"scheme", one.scheme}, {"points", Json::array()}};
    for (const FigurePoint& point : one.points) json["points"].push_back(point_json(point));
    if (rows) json["note"] = one.note;
    if (!one.seeds.empty()) json["seeds"] = Json::array();
    for (const double seed : one.seeds) json["seeds"].push_back(rounded(seed));
    if (one.ends) json["ends"] = true;
    series.push_back(std::move(json));
  }
  Json json = {{"kind", rows ? "rows" : "lines"}, {"x", axis_json(figure.x)}};
  if (!rows) json["y"] = axis_json(figure.y);
  if (std::isfinite(figure.reference)) json["reference"] = figure.reference;
  json["series"] = std::move(series);
  return json;
}

}  // namespace

std::vector<Section> sections(const Comparison& comparison) {
  std::vector<Section> all;
  const std::vector<std::string> models = models_of(comparison);
  const auto add_rates = [&](const std::string& window) {
    Section section{.id = "s" + std::to_string(all.size()),
                    .title = window + ": learning rates",
                    .figures = rate_figures(comparison, window)};
    if (Table table = windows_table(comparison, window); !table.rows.empty())
      section.tables.push_back(std::move(table));
    all.push_back(std::move(section));
  };
  const std::vector<std::string> windows = rate_subjects(comparison);
  const auto is_model = [&](const std::string& window) {
    return std::find(models.begin(), models.end(), window) != models.end();
  };
  // Several rates' tables are told by their overview, which comes before them; how a rate was tuned, behind its
  // results.
  for (const std::string& window : windows)
    if (!is_model(window)) add_rates(window);
  for (const std::string& model : models) {
    all.push_back({.id = "s" + std::to_string(all.size()),
                   .title = model,
                   .words = verdict(comparison, model),
                   .tables = tables(comparison, model),
                   .figures = figures(comparison, model)});
    if (std::find(windows.begin(), windows.end(), model) != windows.end()) add_rates(model);
  }
  return all;
}

std::string report_data(const Comparison& comparison, const std::vector<Section>& sections) {
  const std::vector<std::string> schemes = schemes_of(comparison);
  const std::vector<Look> looks = looks_of(schemes, default_scheme(comparison.settings, comparison.runs));
  Json json = {{"schemes", Json::array()}, {"figures", Json::object()}, {"tables", Json::object()}};
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    json["schemes"].push_back({{"name", schemes[i]},
                               {"color", looks[i].color},
                               {"dash", dashes[looks[i].dash]},
                               {"marker", name_of(looks[i].marker)},
                               {"look", look_html(looks[i])}});
  }
  for (const Section& section : sections) {
    for (const Figure& figure : section.figures) {
      if (figure.kind == Figure::Kind::rows || figure.kind == Figure::Kind::lines)
        json["figures"][section.id + "-" + figure.name] = figure_json(figure);
    }
    for (const Table& table : section.tables) {
      json["tables"][section.id + "-table-" + table.name] = {
          {"CSV", table_csv(table)}, {"Markdown", table_markdown(table)}, {"LaTeX", table_latex(table)}};
    }
  }
  std::string safe;
  for (char c : io::json_text(json)) safe += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return safe;
}

}  // namespace fanin::compare
