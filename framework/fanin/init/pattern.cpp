#include <algorithm>

#include <fanin/init/pattern.hpp>

namespace fanin::init {

bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool names_layer_of(std::string_view pattern, std::string_view parameter) {
  for (auto dot = parameter.find('.'); dot != std::string_view::npos; dot = parameter.find('.', dot + 1)) {
    if (glob(pattern, parameter.substr(0, dot))) return true;
  }
  return false;
}

std::vector<std::string_view> split_patterns(std::string_view patterns) {
  std::vector<std::string_view> all;
  for (std::size_t begin = 0; begin <= patterns.size();) {
    const std::size_t end = std::min(patterns.find(';', begin), patterns.size());
    const std::string_view piece = patterns.substr(begin, end - begin);
    const auto first = piece.find_first_not_of(" \t\n"), last = piece.find_last_not_of(" \t\n");
    if (first != std::string_view::npos) all.push_back(piece.substr(first, last - first + 1));
    begin = end + 1;
  }
  return all;
}

bool covers(std::string_view pattern, std::string_view parameter) {
  const auto all = split_patterns(pattern);
  return std::any_of(all.begin(), all.end(), [&](std::string_view one) {
    return glob(one, parameter) || names_layer_of(one, parameter);
  });
}

}  // namespace fanin::init
