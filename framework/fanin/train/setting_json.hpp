#pragma once
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

// For .cpp files only.
namespace fanin::train {

/// A setting's text as JSON: a number or a truth value as such, all else as a text.
inline nlohmann::ordered_json setting_json(const std::string& text) {
  auto value = nlohmann::ordered_json::parse(text, nullptr, false);
  return value.is_number() || value.is_boolean() ? value : nlohmann::ordered_json(text);
}

/// The text that `setting_json` made it of.
inline std::string text_of_setting(const nlohmann::ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// An object of all settings, in their order.
inline nlohmann::ordered_json settings_json(
    const std::vector<std::pair<std::string, std::string>>& settings) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [key, value] : settings) object[key] = setting_json(value);
  return object;
}

}  // namespace fanin::train
