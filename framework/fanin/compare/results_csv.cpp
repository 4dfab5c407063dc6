#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include <fanin/compare/results_csv.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::compare {
namespace {

/// Whether a spreadsheet would run the cell rather than show it. Numbers, which may begin with a sign, are
/// formatted elsewhere.
bool runs_as_formula(const std::string& text) {
  const auto first = text.find_first_not_of(" ");
  return first != std::string::npos &&
         std::string_view("=+-@\t\r\n").find(text[first]) != std::string_view::npos;
}

/// RFC 4180: quoted where a comma, a quote or a line break would be read as structure. Bytes that are no text
/// become visible, and what would run gets a quote before it, as OWASP advises.
std::string field(const std::string& cell) {
  const std::string text = (runs_as_formula(cell) ? "'" : "") + printable_lines(cell);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string field(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value + 0.0) : ""; }
std::string step(Index value) { return value < 0 ? "" : fmt::format("{}", value); }

}  // namespace

std::string comparison_csv(const Comparison& comparison) {
  std::string text =
      "model,scheme,seed,status,test_accuracy,test_loss,train_loss,epochs,steps_to_threshold,diverged_step,"
      "seconds,samples_per_s,plan,message\n";
  for (const Run& run : comparison.runs) {
    const double train_loss = run.history.empty() ? unknown : run.history.back().train_loss;
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", field(run.model), field(run.scheme),
                    run.seed, run.status, field(run.test_accuracy), field(run.test_loss), field(train_loss),
                    run.history.size(), step(run.steps_to_threshold), step(run.diverged_step),
                    field(run.seconds), field(run.samples_per_s), field(run.plan), field(run.message));
  }
  return text;
}

}  // namespace fanin::compare
