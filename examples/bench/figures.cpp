#include "examples/bench/figures.hpp"

#include <fmt/core.h>
#include <stdlib.h>  // getloadavg

#include <algorithm>
#include <fstream>
#include <thread>

#include <fanin/core/format.hpp>

namespace fanin::bench {

Figure median(Samples values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

bool by_median(const Samples& a, const Samples& b) { return median(a) < median(b); }

Figure median_ratio(const Samples& above, const Samples& below) {
  Samples ratios;
  for (std::size_t i = 0; i < std::min(above.size(), below.size()); ++i)
    ratios.push_back(above[i] / below[i]);
  return median(ratios);
}

std::string text_of(Figure figure, const char* unit) {
  if (!figure) return "–";
  const double v = *figure;
  return (v >= 1000  ? fmt::format("{:.0f}", v)
          : v >= 100 ? fmt::format("{:.1f}", v)
                     : fmt::format("{:.3g}", v)) +
         unit;
}

std::string markdown(const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], text::text_width(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const auto pad = i == 0 ? text::pad_right : text::pad_left;
      text += "| " + pad(rows[r][i], widths[i]) + " ";
    }
    text += "|\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      text +=
          i == 0 ? fmt::format("| {:->{}} ", "", widths[i]) : fmt::format("| {:->{}}: ", "", widths[i] - 1);
    text += "|\n";
  }
  return text;
}

std::string machine() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, model = "unknown CPU";
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  double load[1] = {0};
  getloadavg(load, 1);
  return fmt::format("{}, {} cores, load average {:.1f}", model, std::thread::hardware_concurrency(),
                     load[0]);
}

}  // namespace fanin::bench
