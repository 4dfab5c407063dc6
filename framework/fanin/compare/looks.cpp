#include <fmt/format.h>

#include <fanin/compare/looks.hpp>
#include <fanin/compare/svg.hpp>

namespace fanin::compare {

const char* name_of(Marker marker) {
  static constexpr const char* names[] = {"circle", "rect", "triangle", "rectRot", "crossRot", "star"};
  return names[static_cast<std::size_t>(marker)];
}

std::vector<Look> looks_of(const std::vector<std::string>& schemes, const std::string& baseline) {
  constexpr std::size_t colors = palette.size() - 1;
  constexpr std::size_t markers = 6;
  std::vector<Look> looks;
  std::size_t rank = 0;
  for (const std::string& scheme : schemes) {
    Look& look = looks.emplace_back();
    if (scheme == baseline) continue;
    look = {.color = 1 + rank % colors,
            .dash = rank / colors % dashes.size(),
            .marker = static_cast<Marker>(rank % markers)};
    ++rank;
  }
  return looks;
}

std::string look_html(const Look& look) {
  const std::string dash = look.dash == 0 ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes[look.dash]);
  return fmt::format(
      "<svg class=\"look\" width=\"30\" height=\"12\" aria-hidden=\"true\"><g{} stroke-width=\"2\">"
      "<path fill=\"none\"{} d=\"M1 6h28\"/><path{} d=\"{}\"/></g></svg>",
      svg::stroke(look.color), dash, svg::fill(look.color), svg::marker(look.marker, 15, 6, 3.6));
}

std::string palette_css() {
  const auto variables = [](const char* Color::*side) {
    std::string text = "{";
    for (std::size_t i = 0; i < palette.size(); ++i) text += fmt::format("--c{}:{};", i, palette[i].*side);
    return text + fmt::format("--soft:{};--line:{};--paper:{}}}", soft_color.*side, line_color.*side,
                              paper_color.*side);
  };
  std::string classes =
      ".ft{fill:var(--soft)}.st{stroke:var(--soft)}.sl{stroke:var(--line)}.fp{fill:var(--paper)}";
  for (std::size_t i = 0; i < palette.size(); ++i)
    classes += fmt::format(".s{0}{{stroke:var(--c{0})}}.f{0}{{fill:var(--c{0})}}", i);
  return classes + "\n:root" + variables(&Color::light) +
         "\n@media screen and (prefers-color-scheme:dark){:root" + variables(&Color::dark) + "}\n";
}

}  // namespace fanin::compare
