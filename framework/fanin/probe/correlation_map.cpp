#include <cmath>
#include <vector>

#include <fanin/probe/correlation_map.hpp>

namespace fanin::probe {

CorrelationMap correlation_map(const Probe& probe) {
  std::vector<double> c;
  for (std::size_t i = 0; i + 1 < probe.layers.size(); ++i) {
    if (!probe.layers[i].idle) c.push_back(probe.layers[i].correlation);
  }
  if (c.size() < 5) return {};
  const auto n = static_cast<double>(c.size() - 1);
  double x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i + 1 < c.size(); ++i) x += c[i] / n, y += c[i + 1] / n;
  for (std::size_t i = 0; i + 1 < c.size(); ++i) {
    xx += (c[i] - x) * (c[i] - x);
    xy += (c[i] - x) * (c[i + 1] - y);
  }
  const double factor = xy / xx;  // exp(-1/ξ)
  if (!(factor > 0 && factor < 1)) return {};
  return {.limit = (y - factor * x) / (1 - factor), .depth = -1 / std::log(factor)};
}

}  // namespace fanin::probe
