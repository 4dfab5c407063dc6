#pragma once
#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

namespace fanin::io {

/// The number as JSON, which has no NaN and no infinity: null for those.
inline nlohmann::ordered_json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

/// `json` as text, on one line or `indent` columns deeper a level, in UTF-8 or ASCII alone; for a terminal
/// too, whatever the strings hold. Bytes that are not UTF-8 are replaced by U+FFFD.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1, bool ascii = false);

}  // namespace fanin::io
