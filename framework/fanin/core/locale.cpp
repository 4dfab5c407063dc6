#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>

#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>

namespace fanin {
namespace {

/// The signs that our own texts use.
constexpr std::pair<std::string_view, std::string_view> spellings[] = {
    {"√", "sqrt"},  {"×", "x"},    {"·", "*"},      {"±", "+-"},    {"∓", "-+"},     {"≤", "<="},
    {"≥", ">="},    {"≠", "!="},   {"≈", "~"},      {"≡", "="},     {"…", "..."},    {"–", "-"},
    {"—", "-"},     {"−", "-"},    {"→", "->"},     {"←", "<-"},    {"↔", "<->"},    {"⇒", "=>"},
    {"²", "^2"},    {"³", "^3"},   {"⁰", "^0"},     {"¹", "^1"},    {"⁴", "^4"},     {"⁵", "^5"},
    {"⁶", "^6"},    {"⁷", "^7"},   {"⁸", "^8"},     {"⁹", "^9"},    {"ⁿ", "^n"},     {"⁻", "^-"},
    {"ᵀ", "^T"},    {"ᵢ", "_i"},   {"₀", "_0"},     {"₁", "_1"},    {"₂", "_2"},     {"½", "1/2"},
    {"¼", "1/4"},   {"⅛", "1/8"},  {"π", "pi"},     {"Π", "prod"},  {"σ", "sigma"},  {"Σ", "sum"},
    {"α", "alpha"}, {"β", "beta"}, {"γ", "gamma"},  {"Γ", "Gamma"}, {"δ", "delta"},  {"Δ", "Delta"},
    {"ε", "eps"},   {"η", "eta"},  {"λ", "lambda"}, {"μ", "mu"},    {"ξ", "xi"},     {"Φ", "Phi"},
    {"φ", "phi"},   {"χ", "chi"},  {"ψ", "psi"},    {"ω", "omega"}, {"∞", "inf"},    {"∈", "in"},
    {"∂", "d"},     {"∇", "grad"}, {"∫", "int"},    {"∝", "~"},     {"∘", "o"},      {"⊗", "(x)"},
    {"⋆", "*"},     {"‖", "||"},   {"⌈", "ceil("},  {"⌉", ")"},     {"⌊", "floor("}, {"⌋", ")"},
    {"▁", "_"},     {"▂", "."},    {"▃", ":"},      {"▄", "-"},     {"▅", "="},      {"▆", "+"},
    {"▇", "*"},     {"█", "#"},    {"─", "-"},      {"▸", ">"},     {"“", "\""},     {"”", "\""},
    {"’", "'"},     {"ä", "ae"},   {"ö", "oe"},     {"ü", "ue"},    {"é", "e"}};

}  // namespace

bool locale_is_utf8() {
  static const bool utf8 = [] {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
      const char* value = std::getenv(name);
      if (value == nullptr || *value == '\0') continue;
      std::string locale = value;
      std::transform(locale.begin(), locale.end(), locale.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    }
    return true;
  }();
  return utf8;
}

std::string in_ascii(const std::string& text) {
  std::string ascii;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint one = code_point(std::string_view(text).substr(at));
    if (one.bytes <= 1) {
      ascii += text[at++];
      continue;
    }
    const std::string_view sign = std::string_view(text).substr(at, one.bytes);
    const auto known = std::find_if(std::begin(spellings), std::end(spellings),
                                    [&](const auto& spelling) { return spelling.first == sign; });
    ascii += known != std::end(spellings) ? std::string(known->second) : fmt::format("\\u{:04x}", one.value);
    at += one.bytes;
  }
  return ascii;
}

std::string in_locale(std::string text) { return locale_is_utf8() ? text : in_ascii(text); }

}  // namespace fanin
