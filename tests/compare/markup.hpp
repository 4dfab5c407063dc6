#pragma once
#include <string>
#include <string_view>
#include <vector>

/// What is wrong with a piece of XML as our writers make it: tags that do not match, an attribute without
/// quotes or given twice, a bare "&" or "<". Empty where all is well.
inline std::string markup_fault(std::string_view text) {
  std::vector<std::string> open;
  const auto name_at = [&](std::size_t at) {
    return std::string(text.substr(at, text.find_first_of(" \n/>", at) - at));
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '&') {
      const std::size_t end = text.find(';', at);
      const std::string entity(text.substr(at, end == std::string_view::npos ? 1 : end - at + 1));
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;" &&
          entity != "&#39;")
        return "a bare & at " + std::to_string(at);
    }
    if (text[at] != '<') continue;
    if (text[at + 1] == '/') {
      const std::string name = name_at(at + 2);
      if (open.empty() || open.back() != name) return "</" + name + "> closes what is not open";
      open.pop_back();
      at = text.find('>', at);
      continue;
    }
    const std::string name = name_at(at + 1);
    std::vector<std::string> attributes;
    at += 1 + name.size();
    while (at < text.size() && text[at] != '>' && text[at] != '/') {
      if (text[at] == ' ' || text[at] == '\n') {
        ++at;
        continue;
      }
      const std::size_t equals = text.find('=', at);
      if (equals == std::string_view::npos || text[equals + 1] != '"')
        return "an attribute of " + name + " without quotes";
      const std::string attribute(text.substr(at, equals - at));
      for (const std::string& other : attributes)
        if (other == attribute) return name + " has " + attribute + " twice";
      attributes.push_back(attribute);
      at = text.find('"', equals + 2);
      if (at == std::string_view::npos) return "an attribute of " + name + " does not end";
      ++at;
    }
    if (at >= text.size()) return name + " does not end";
    if (text[at] == '/')
      ++at;
    else
      open.push_back(name);
  }
  return open.empty() ? "" : open.back() + " is never closed";
}
