#pragma once
#include <string>

#include <nlohmann/json.hpp>

#include <fanin/compare/results.hpp>

// For this floor's .cpp files only: the comparison's types as JSON values, keys in the order of
// json_fields.hpp.
namespace fanin::compare {

using Json = nlohmann::ordered_json;  ///< keys stay in the order in which they were set

/// @{
/// The value as JSON; numbers that are not finite, and steps that never came, are null.
Json json_value(const Settings& settings);
Json json_value(const Summary& row);
Json json_value(const Run& run);
Json json_value(const Window& window);
/// @}

}  // namespace fanin::compare
