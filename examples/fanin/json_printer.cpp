#include "examples/fanin/json_printer.hpp"

#include <fanin/core/console.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {

void JsonPrinter::begin(std::string_view key) {
  if (levels_.empty()) return;
  say("{}\n{}", levels_.back().empty ? "" : ",", std::string(2 * levels_.size(), ' '));
  levels_.back().empty = false;
  if (!key.empty()) say("{}: ", json_text(key));
}

void JsonPrinter::open(char bracket, std::string_view key) {
  begin(key);
  say("{}", bracket);
  levels_.push_back({bracket});
}

void JsonPrinter::close() {
  const Level last = levels_.back();
  levels_.pop_back();
  if (!last.empty) say("\n{}", std::string(2 * levels_.size(), ' '));
  say("{}{}", last.bracket == '{' ? '}' : ']', levels_.empty() ? "\n" : "");
}

void JsonPrinter::value(const nlohmann::ordered_json& value, std::string_view key) {
  begin(key);
  std::string indented;
  for (const char c : json_text(value)) {  // a text's own line ends are escapes there
    indented += c;
    if (c == '\n') indented.append(2 * levels_.size(), ' ');
  }
  say("{}", indented);
}

void print_left_out(JsonPrinter& json, const io::TensorFile& file, std::string_view key) {
  if (file.left_out.empty()) return;
  json.open('[', key);
  for (const auto& one : file.left_out) json.value({{"name", one.name}, {"what", one.what}});
  json.close();
}

}  // namespace fanin::program
