#include "examples/fanin/prediction_output.hpp"

#include <nlohmann/json.hpp>

#include <fanin/compare/csv_field.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/core/printable.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

using compare::csv_field;
using nlohmann::ordered_json;

constexpr auto forms = named_values<PredictionForm>(
    "format", {{PredictionForm::text, "text"}, {PredictionForm::csv, "csv"}, {PredictionForm::json, "json"}});

}  // namespace

PredictionForm prediction_form(const std::string& name) { return forms.named(name); }
std::vector<std::string> prediction_forms() { return forms.names(); }

PredictionOutput::PredictionOutput(PredictionForm form) : form_(form) {
  if (form_ == PredictionForm::json) json_.open('[');
  if (form_ == PredictionForm::csv) say("image,rank,class,name,probability,error\n");
}

void PredictionOutput::add(const std::string& image, const std::vector<RankedClass>& classes) {
  if (form_ == PredictionForm::text) {
    std::string line = printable(image) + ":";
    for (const auto& one : classes)
      line += fmt::format("  {} {}", printable(one.name), share_text(one.probability));
    say("{}\n", line);
  } else if (form_ == PredictionForm::csv) {
    for (std::size_t rank = 0; rank < classes.size(); ++rank)
      say("{},{},{},{},{},\n", csv_field(image), rank + 1, classes[rank].index, csv_field(classes[rank].name),
          csv_field(classes[rank].probability));
  } else {
    ordered_json entry = {{"image", image}, {"class", classes[0].index}, {"name", classes[0].name}};
    for (const auto& one : classes)
      entry["top"].push_back({{"class", one.index}, {"name", one.name}, {"probability", one.probability}});
    json_.value(entry);
  }
}

void PredictionOutput::add_unread(const std::string& image, const std::string& message) {
  if (form_ == PredictionForm::text) {
    say("{}\n", printable(message));
  } else if (form_ == PredictionForm::csv) {
    say("{},,,,,{}\n", csv_field(image), csv_field(message));
  } else {
    json_.value({{"image", image}, {"error", message}});
  }
}

void PredictionOutput::end() {
  if (form_ == PredictionForm::json) json_.close();
}

}  // namespace fanin::program
