#pragma once
#include <nlohmann/json.hpp>

/// tests/reference/spectra.json: singular values and power-law tails by NumPy and PyTorch (made by make_spectra.py).
const nlohmann::json& spectra_reference();
