#include <fanin/io/finite_json.hpp>

namespace fanin::io {

std::string json_text(const nlohmann::ordered_json& json, int indent, bool ascii) {
  std::string text = json.dump(indent, ' ', ascii, nlohmann::ordered_json::error_handler_t::replace);
  // A terminal obeys DEL, which is ASCII and no escape to the library.
  for (std::size_t at = 0; (at = text.find('\x7f', at)) != std::string::npos;) text.replace(at, 1, "\\u007f");
  return text;
}

}  // namespace fanin::io
