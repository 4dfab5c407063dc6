#include <fmt/format.h>

#include <cmath>

#include <fanin/compare/table.hpp>
#include <fanin/compare/window_table.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>

namespace fanin::compare {
namespace {

/// What the windows of a subject were measured by.
std::string measured(const Window& window) {
  const std::string runs =
      window.share < 1 ? fmt::format(" of {:.3g} % of a run's steps and more", 100 * window.share) : "";
  return fmt::format("{}: learning rates, by validation accuracy in runs{} with {}",
                     printable(window.subject), runs,
                     text::counted(static_cast<std::size_t>(window.seeds), "seed"));
}

}  // namespace

std::string rate_text(double rate) { return std::isfinite(rate) ? fmt::format("{:.3g}", rate) : no_value; }

std::string window_text(const Window& window) {
  if (!std::isfinite(window.low)) return no_value;
  return fmt::format("{}{}–{}{}: {}×{:.3g}", window.open_low ? "≤" : "", rate_text(window.low),
                     window.open_high ? "≥" : "", rate_text(window.high),
                     window.open_low || window.open_high ? "≥" : "", window.factor);
}

std::string window_table(const Comparison& comparison, int width) {
  std::string text;
  const auto& windows = comparison.windows;
  for (std::size_t begin = 0; begin < windows.size();) {
    text::TextTable table(
        {{"scheme"}, {"best rate", true}, {"within a point of it"}, {"stable up to", true}});
    bool at_edge = false;
    std::size_t end = begin;
    for (; end < windows.size() && windows[end].subject == windows[begin].subject; ++end) {
      const Window& window = windows[end];
      at_edge = at_edge || window.at_edge;
      table.add({printable(window.scheme), rate_text(window.best_lr) + (window.at_edge ? " !" : "  "),
                 window_text(window), rate_text(window.largest_stable)});
    }
    text += (text.empty() ? "" : "\n") + text::folded(in_locale(measured(windows[begin])), width) + "\n" +
            table.to_string(width);
    if (at_edge) text += "! at the end of what was tried: a better one may lie beyond\n";
    begin = end;
  }
  return text;
}

}  // namespace fanin::compare
