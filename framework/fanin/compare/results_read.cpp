#include <fmt/ranges.h>

#include <concepts>
#include <type_traits>

#include <fanin/compare/json_fields.hpp>
#include <fanin/compare/json_values.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/train/setting_json.hpp>

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
  void read(Finding& value) const { choose(value, findings); }
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
      values.emplace_back(name, train::text_of_setting(value));
    }
  }
  template <class T>
  void read(std::optional<T>& value) const {
    value.reset();
    if (!json_->is_null()) read(value.emplace());
  }
  template <class Bool, class Steps>
  void read(Sought<Bool, Steps> steps) const {
    steps.sought = true;
    read(steps.steps);
  }
  void read(Status& status) const { choose(status, statuses); }
  void read(RatePick& rate) const { choose(rate, rate_picks); }
  /// One of the comparison's types, by its list of fields. What is absent keeps its default.
  template <class T>
  requires std::is_class_v<T>
  void read(T& value) const {
    if (json_->is_null()) return;
    if (!json_->is_object()) expected("an object");
    fields(value, [&](const char* name, auto&& member) {
      if (json_->contains(name)) (*this)[name].read(member);
    });
    check(value);
  }

 private:
  /// One of an enum's texts.
  template <class E, std::size_t n>
  void choose(E& value, const NamedValues<E, n>& choices) const {
    if (!json_->is_string()) expected("a text");
    const std::string text = json_->get<std::string>();
    const auto found = choices.find(text);
    if (!found) fail("{}: \"{}\" is none of {}", where_, text, fmt::join(choices.names(), ", "));
    value = *found;
  }
  /// Null, and what is absent, keep the default.
  template <class T>
  void take(T& value, bool fits, const char* what) const {
    if (json_->is_null()) return;
    if (!fits) expected(what);
    value = json_->get<T>();
  }
  void check(const Run& run) const;
  void check(const Settings& settings) const;
  void check(const FilterImages& filters) const;
  void check(const auto&) const {}

  const Json* json_;
  std::string where_;
};

void Field::check(const FilterImages& filters) const {
  if (!whole_images(filters))
    fail("{}: {} and {} values do not fill {} images of {} x {} x {}", where_, filters.before.size(),
         filters.after.size(), filters.count, filters.channels, filters.height, filters.width);
}

/// Whoever summarizes relies on these.
void Field::check(const Settings& settings) const {
  const auto require = [&](bool good, const char* name, double value, const char* what) {
    if (!good) fail("{}.{}: expected {}, found {}", where_, name, what, value);
  };
  require(settings.classes >= 1, "classes", static_cast<double>(settings.classes), "at least 1");
  require(settings.margin > 0 && settings.margin <= 1, "margin", settings.margin, "a share above 0");
  require(settings.until >= 0 && settings.until <= 1, "until", settings.until, "a share from 0 to 1");
  require(!(settings.threshold < 0 || settings.threshold > 1), "threshold", settings.threshold,
          "a share from 0 to 1");
}

void Field::check(const Run& run) const {
  const std::pair<const char*, double> shares[] = {{"test_accuracy", run.test_accuracy},
                                                   {"validation_accuracy", run.validation_accuracy}};
  for (const auto& [name, share] : shares)
    if (share < 0 || share > 1) fail("{}.{}: expected a share from 0 to 1, found {}", where_, name, share);

  for (const char* name : {"model", "scheme", "seed", "status"}) {
    if (!json_->contains(name)) fail("{}: a run needs a \"{}\"", where_, name);
  }
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
  int schema = 1;  // the first two did not say
  root["schema"].read(schema);
  if (schema < 1 || schema > results_schema)
    fail("{}: schema {}; this fanin reads 1 to {}", source, schema, results_schema);
  Comparison comparison;
  fields(comparison.provenance, [&](const char* name, auto& member) { root[name].read(member); });
  root["settings"].read(comparison.settings);
  root["runs"].read(comparison.runs);
  root["summary"].read(comparison.summary);
  root["tuning"].read(comparison.tuning);
  root["windows"].read(comparison.windows);
  return comparison;
}

}  // namespace fanin::compare
