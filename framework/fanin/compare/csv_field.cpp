#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include <fanin/compare/csv_field.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::compare {
namespace {

/// Whether a spreadsheet would run the cell rather than show it.
bool runs_as_formula(const std::string& text) {
  const auto first = text.find_first_not_of(" ");
  return first != std::string::npos &&
         std::string_view("=+-@\t\r\n").find(text[first]) != std::string_view::npos;
}

}  // namespace

std::string csv_field(const std::string& cell) {
  const std::string text = (runs_as_formula(cell) ? "'" : "") + printable_lines(cell);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_field(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value + 0.0); }

}  // namespace fanin::compare
