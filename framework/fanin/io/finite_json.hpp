#pragma once
#include <cmath>

#include <nlohmann/json.hpp>

namespace fanin::io {

/// JSON has no NaN and no infinity.
inline nlohmann::ordered_json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace fanin::io
