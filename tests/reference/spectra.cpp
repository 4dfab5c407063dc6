#include "tests/reference/spectra.hpp"

#include <doctest/doctest.h>

#include <fstream>

const nlohmann::json& spectra_reference() {
  static const nlohmann::json all = [] {
    std::ifstream file("tests/reference/spectra.json");
    REQUIRE_MESSAGE(file, "run the tests from the repository's root");
    return nlohmann::json::parse(file);
  }();
  return all;
}
