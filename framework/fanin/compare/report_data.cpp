#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include <fanin/compare/json_values.hpp>
#include <fanin/compare/report_data.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {
namespace {

constexpr Index most_filters = 16;
constexpr std::size_t most_curve_points = 160;

std::string base64(const std::vector<std::uint8_t>& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t word = std::uint32_t{bytes[i]} << 16 |
                               (left > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0) |
                               (left > 2 ? bytes[i + 2] : 0);
    text += digits[word >> 18];
    text += digits[word >> 12 & 63];
    text += left > 1 ? digits[word >> 6 & 63] : '=';
    text += left > 2 ? digits[word & 63] : '=';
  }
  return text;
}

double largest(const std::vector<float>& values) {
  double result = 0;
  for (float value : values) {
    if (std::isfinite(value)) result = std::max(result, std::abs(static_cast<double>(value)));
  }
  return result;
}

/// One byte a weight: 128 is zero, 1 and 255 are ∓ `scale`.
std::string pixels(const std::vector<float>& values, std::size_t count, double scale) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < std::min(count, values.size()); ++i) {
    const double share = scale > 0 && std::isfinite(values[i]) ? static_cast<double>(values[i]) / scale : 0;
    bytes.push_back(static_cast<std::uint8_t>(std::lround(128 + 127 * share)));
  }
  return base64(bytes);
}

Json filters_json(const FilterImages& filters) {
  const Index count = std::min(filters.count, most_filters);
  const Index size = filters.channels * filters.height * filters.width;
  if (count < 1 || size < 1 || filters.before.size() != static_cast<std::size_t>(filters.count * size)) {
    return nullptr;
  }
  const auto shown = static_cast<std::size_t>(count * size);
  const double before_scale = largest(filters.before);
  const double after_scale = largest(filters.after);
  return {{"name", filters.name},         {"count", count},
          {"channels", filters.channels}, {"height", filters.height},
          {"width", filters.width},       {"before", pixels(filters.before, shown, before_scale)},
          {"before_scale", before_scale}, {"after", pixels(filters.after, shown, after_scale)},
          {"after_scale", after_scale}};
}

/// A run without what the page does not draw.
Json run_data(const Settings& settings, Run run, bool with_details) {
  Json filters = with_details ? filters_json(run.filters) : Json(nullptr);
  run.filters = {};
  run.plan.clear();
  run.message.clear();
  if (!with_details) run.parameters.clear();
  // Equal steps of runs that were thinned alike still meet.
  const std::size_t stride = run.loss_curve.size() / most_curve_points + 1;
  std::vector<std::pair<Index, double>> curve;
  for (std::size_t i = 0; i < run.loss_curve.size(); i += stride) curve.push_back(run.loss_curve[i]);
  run.loss_curve = std::move(curve);
  Json json = json_value(run);
  for (const char* unused : {"plan", "message", "samples_per_s", "seconds"}) json.erase(unused);
  json["seed"] = std::to_string(run.seed);  // a script's numbers hold 53 bits
  json["filters"] = std::move(filters);
  const double counted = counted_accuracy(settings, run);
  json["counted"] = std::isfinite(counted) ? Json(counted) : Json(nullptr);
  return json;
}

}  // namespace

std::vector<std::string> schemes_of(const Comparison& comparison) {
  std::vector<std::string> schemes;
  auto add = [&](const std::string& scheme) {
    const bool summarized = std::any_of(comparison.summary.begin(), comparison.summary.end(),
                                        [&](const Summary& row) { return row.scheme == scheme; });
    if (summarized && std::find(schemes.begin(), schemes.end(), scheme) == schemes.end())
      schemes.push_back(scheme);
  };
  for (const std::string& scheme : comparison.settings.schemes) add(scheme);
  for (const Summary& row : comparison.summary) add(row.scheme);
  return schemes;
}

std::string report_data(const Comparison& comparison) {
  const Settings& settings = comparison.settings;
  Json json;
  json["models"] = models_of(comparison);
  json["subjects"] = json_value(settings)["subjects"];
  json["schemes"] = schemes_of(comparison);
  json["default_scheme"] = default_scheme(settings, comparison.runs);
  json["chance"] = 1.0 / static_cast<double>(std::max<Index>(1, settings.classes));
  int epochs = 0;
  std::set<std::pair<std::string, std::string>> detailed;
  Json runs = Json::array();
  for (const Run& run : comparison.runs) {
    if (!run.history.empty()) epochs = std::max(epochs, run.history.back().epoch);
    const bool has_details = !run.parameters.empty() || !run.filters.before.empty();
    const bool with_details = has_details && detailed.emplace(run.model, run.scheme).second;
    runs.push_back(run_data(settings, run, with_details));
  }
  json["epochs"] = epochs;
  json["runs"] = std::move(runs);
  Json rows = Json::array();
  int most_runs = 2;
  for (const Summary& row : comparison.summary) {
    rows.push_back(json_value(row));
    most_runs = std::max(most_runs, row.runs);
  }
  json["summary"] = std::move(rows);
  Json quantiles = {0, 0};
  for (int n = 2; n <= most_runs; ++n) quantiles.push_back(statistics::student_t_quantile(0.975, n - 1));
  json["t975"] = std::move(quantiles);

  std::string safe;
  for (char c : io::json_text(json)) safe += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return safe;
}

}  // namespace fanin::compare
