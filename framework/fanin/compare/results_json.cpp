#include <fmt/format.h>

#include <cmath>
#include <type_traits>

#include <fanin/compare/json_fields.hpp>
#include <fanin/compare/json_values.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/train/setting_json.hpp>

namespace fanin::compare {
namespace {

/// `Write::json(value)`: a class, so that its overloads see one another in whatever order they stand.
struct Write {
  static Json json(const std::string& text) { return text; }
  /// (step, loss) as [step, loss].
  static Json json(const std::pair<Index, double>& point) { return point; }
  /// The library writes what is not finite as null.
  template <class Number>
  requires std::is_arithmetic_v<Number>
  static Json json(Number number) { return number; }

  static Json json(Finding finding) { return findings.name_of(finding); }

  /// A weight to four significant digits: a picture needs no more, and a file of many runs stays small.
  static Json json(float weight) {
    const double exact = weight;
    if (!std::isfinite(exact)) return nullptr;
    if (exact == 0) return 0.0;
    const double unit = std::pow(10.0, 3 - std::floor(std::log10(std::abs(exact))));
    return std::round(exact * unit) / unit;
  }

  static Json json(Status status) { return statuses.name_of(status); }
  static Json json(RatePick rate) { return rate_picks.name_of(rate); }

  template <class T>
  static Json json(const std::optional<T>& value) {
    return value ? json(*value) : Json(nullptr);
  }

  static Json json(const std::vector<std::pair<std::string, std::string>>& settings) {
    return train::settings_json(settings);
  }

  template <class T>
  static Json json(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(json(value));
    return list;
  }

  template <class T>
  requires std::is_class_v<T>
  static Json json(const T& value) {
    Json object = Json::object();
    fields(value, [&](const char* name, const auto& member) { put(object, name, member); });
    return object;
  }

 private:
  static void put(Json& object, const char* name, const auto& member) { object[name] = json(member); }
  template <class Bool, class Steps>
  static void put(Json& object, const char* name, const Sought<Bool, Steps>& member) {
    if (member.sought) object[name] = json(member.steps);
  }
};

}  // namespace

Json json_value(const Settings& settings) { return Write::json(settings); }
Json json_value(const Summary& row) { return Write::json(row); }
Json json_value(const Run& run) { return Write::json(run); }
Json json_value(const Window& window) { return Write::json(window); }

std::string run_json(const Run& run) { return io::json_text(Write::json(run)) + "\n"; }

std::string comparison_json(const Comparison& comparison) {
  std::string text = fmt::format("{{\"schema\": {}", results_schema);
  fields(comparison.provenance, [&](const char* name, const auto& member) {
    text += fmt::format(",\n\"{}\": {}", name, io::json_text(Write::json(member)));
  });
  text += ",\n\"settings\": " + io::json_text(Write::json(comparison.settings));
  auto append = [&](const char* name, const auto& items) {
    text += std::string(",\n\"") + name + "\": [";
    for (std::size_t i = 0; i < items.size(); ++i)
      text += (i > 0 ? ",\n" : "\n") + io::json_text(Write::json(items[i]));
    text += "]";
  };
  append("runs", comparison.runs);
  append("summary", comparison.summary);
  if (!comparison.tuning.empty()) append("tuning", comparison.tuning);
  if (!comparison.windows.empty()) append("windows", comparison.windows);
  return text + "}\n";
}

}  // namespace fanin::compare
