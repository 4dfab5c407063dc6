#include <concepts>
#include <type_traits>

#include <fanin/compare/json_fields.hpp>
#include <fanin/compare/json_values.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/setting_json.hpp>
#include <fanin/core/error.hpp>

namespace fanin::compare {
namespace {

/// A JSON value and where it stands ("results.json: runs[3].seed"), so that an error can say what is wrong
/// there.
class Field {
 public:
  Field(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {}

  [[noreturn]] void expected(const char* what) const {
    fail("{}: expected {}, found {}", where_, what, json_->is_null() ? "nothing" : json_->type_name());
  }

  Field operator[](const char* name) const {
    static const Json absent;
    if (!json_->is_object()) expected("an object");
    const auto found = json_->find(name);
    return {found == json_->end() ? absent : *found, where_ + "." + name};
  }

  std::vector<Field> items() const {
    if (json_->is_null()) return {};
    if (!json_->is_array()) expected("a list");
    std::vector<Field> fields;
    for (std::size_t i = 0; i < json_->size(); ++i) {
      fields.emplace_back((*json_)[i], where_ + "[" + std::to_string(i) + "]");
    }
    return fields;
  }

  void read(std::string& value) const { take(value, json_->is_string(), "a text"); }
  void read(bool& value) const { take(value, json_->is_boolean(), "true or false"); }
  void read(double& value) const { take(value, json_->is_number(), "a number"); }
  /// What was not finite comes back as NaN.
  void read(float& value) const {
    double exact = unknown;
    read(exact);
    value = static_cast<float>(exact);
  }
  template <std::integral Integer>
  void read(Integer& value) const {
    const bool fits = json_->is_number_unsigned()  ? std::in_range<Integer>(json_->get<std::uint64_t>())
                      : json_->is_number_integer() ? std::in_range<Integer>(json_->get<std::int64_t>())
                                                   : true;
    if (!fits) expected("a smaller number");
    take(value, json_->is_number_integer(), "a whole number");
  }
  void read(Finding& value) const {
    if (json_->is_null()) return;
    std::string text;
    read(text);
    const auto found = findings.find(text);
    if (!found) expected("a finding");
    value = *found;
  }
  void read(std::pair<Index, double>& point) const {
    const std::vector<Field> pair = items();
    if (pair.size() != 2) expected("a pair [step, loss]");
    point = {0, unknown};
    pair[0].read(point.first);
    pair[1].read(point.second);
  }
  template <class T>
  void read(std::vector<T>& values) const {
    values.clear();
    for (const Field& item : items()) item.read(values.emplace_back());
  }
  void read(std::vector<std::pair<std::string, std::string>>& values) const {
    values.clear();
    if (json_->is_null()) return;
    if (!json_->is_object()) expected("an object");
    for (const auto& [name, value] : json_->items()) {
      values.emplace_back(name, setting_text(value));
    }
  }
  template <class Number>
  void read(Step<Number> step) const {
    read(step.value);
  }
  /// One of the comparison's types, by its list of fields. What is absent keeps its default.
  template <class T>
  requires std::is_class_v<T>
  void read(T& value) const {
    if (json_->is_null()) return;
    fields(value, [&](const char* name, auto&& member) { (*this)[name].read(member); });
    check(value);
  }

 private:
  /// Null, and what is absent, keep the default.
  template <class T>
  void take(T& value, bool fits, const char* what) const {
    if (json_->is_null()) return;
    if (!fits) expected(what);
    value = json_->get<T>();
  }
  void check(const Run& run) const;
  void check(const FilterImages& filters) const;
  void check(const auto&) const {}

  const Json* json_;
  std::string where_;
};

/// Whoever draws the filters relies on their sizes.
void Field::check(const FilterImages& filters) const {
  double size = 1;
  for (Index side : {filters.count, filters.channels, filters.height, filters.width}) {
    if (side < 0) fail("{}: a size is negative", where_);
    size *= static_cast<double>(side);
  }
  for (const auto* values : {&filters.before, &filters.after}) {
    if (!values->empty() && static_cast<double>(values->size()) != size) {
      fail("{}: {} values do not fill {} images of {} x {} x {}", where_, values->size(), filters.count,
           filters.channels, filters.height, filters.width);
    }
  }
}

void Field::check(const Run& run) const {
  for (const char* name : {"model", "scheme", "seed", "status"}) {
    if (!json_->contains(name)) fail("{}: a run needs a \"{}\"", where_, name);
  }
  for (const char* known : {"ok", "diverged", "interrupted", "failed"}) {
    if (run.status == known) return;
  }
  fail("{}.status: \"{}\" is none of ok, diverged, interrupted, failed", where_, run.status);
}

Json parsed(const std::string& text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    fail("{}: not JSON: byte {} is unexpected; delete the file to make it anew", source, error.byte);
  } catch (const nlohmann::json::exception&) {  // a number that no double holds
    fail("{}: a number in it is out of range; delete the file to make it anew", source);
  }
}

}  // namespace

Run run_from_json(const std::string& text, const std::string& source) {
  const Json json = parsed(text, source);
  if (!json.is_object()) fail("{}: expected a run as an object, found {}", source, json.type_name());
  Run run;
  Field(json, source).read(run);
  return run;
}

Comparison comparison_from_json(const std::string& text, const std::string& source) {
  const Json json = parsed(text, source);
  const Field root(json, source);
  Comparison comparison;
  root["settings"].read(comparison.settings);
  root["runs"].read(comparison.runs);
  root["summary"].read(comparison.summary);
  return comparison;
}

}  // namespace fanin::compare
