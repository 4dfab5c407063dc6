#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/init/scheme.hpp>
#include <fanin/init/suggest_scheme.hpp>

namespace fanin::init {
namespace {

/// How Keras, Caffe, JAX and the papers' readers call them. The keys have neither case nor underscores.
const std::vector<std::string>* known_elsewhere(const std::string& name) {
  static const std::vector<std::string> kaiming = {"kaiming_normal", "kaiming_uniform"},
                                        xavier = {"xavier_uniform", "xavier_normal"};
  static const std::map<std::string, std::vector<std::string>> names = {
      {"he", kaiming},
      {"heinit", kaiming},
      {"msra", kaiming},
      {"msrafill", kaiming},
      {"henormal", {"kaiming_normal"}},
      {"heuniform", {"kaiming_uniform"}},
      {"kaiminghe", kaiming},
      {"glorot", xavier},
      {"glorotnormal", {"xavier_normal"}},
      {"glorotuniform", {"xavier_uniform"}},
      {"bengio", xavier},
      {"randomnormal", {"normal"}},
      {"randn", {"normal"}},
      {"randomuniform", {"uniform"}},
      {"rand", {"uniform"}},
      {"lecun", {"lecun_normal", "lecun_uniform"}},
      {"const", {"constant"}},
      {"fill", {"constant"}},
      {"saxe", {"orthogonal"}},
      {"layersequentialunitvariance", {"lsuv"}},
      {"none", {"default"}},
      {"torch", {"default"}},
      {"pytorch", {"default"}}};
  std::string key;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const auto found = names.find(key);
  return found == names.end() ? nullptr : &found->second;
}

}  // namespace

std::string suggest_scheme(const std::string& name) {
  if (name == "default")
    return "; it stands for each layer's own, by itself in a plan (fanin plan --model NAME shows which they are): "
           "elsewhere name one, as kaiming_uniform(a=sqrt(5))";
  if (const auto* elsewhere = known_elsewhere(name))
    return fmt::format("; did you mean '{}'?", fmt::join(*elsewhere, "' or '"));
  std::vector<std::string> known = {"default"};
  for (const SchemeInfo* scheme : schemes()) known.push_back(scheme->name);
  return suggest(name, known);
}

}  // namespace fanin::init
