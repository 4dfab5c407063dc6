#include "examples/fanin/spectrum_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::program {

using probe::WeightSpectrum;

compare::Figure spectrum_figure(const SpectraOverTime& moments) {
  constexpr std::size_t most_weights = 12;
  std::vector<std::string> names;
  for (const auto& name : moments.names()) {
    const WeightSpectrum* weight = moments.all.back().find(name);
    if (weight && weight->matrix && weight->matrix->norm > 0) names.push_back(name);
  }
  const std::size_t all = names.size();
  // Of many, those of the most values, in the file's order.
  std::vector<std::size_t> sizes;
  const auto size_of = [&](const std::string& name) {
    return moments.all.back().find(name)->matrix->values.size();
  };
  for (const auto& name : names) sizes.push_back(size_of(name));
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  if (all > most_weights) {
    std::erase_if(names, [&](const auto& name) { return size_of(name) < sizes[most_weights - 1]; });
    names.resize(std::min(names.size(), most_weights));
  }
  const bool two = moments.all.size() == 2;
  compare::Figure figure{
      .kind = compare::Figure::Kind::lines,
      .name = "spectrum",
      .title = "Singular values of the weights",
      .caption = fmt::format(
          "Singular values of each weight as a matrix [out, rest], largest first, over their share of the rank; {}{}",
          two ? fmt::format("{} (dashed) and {} (solid).", moments.all[0].label, moments.all[1].label)
              : "as they are.",
          all > names.size() ? fmt::format(" The {} of {} weights with the most values.", names.size(), all)
                             : ""),
      .x = compare::linear_axis("index of the singular value, % of all", 0, 1, 100)};
  std::vector<compare::Look> looks;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t colors = compare::palette.size();
    looks.push_back({.color = i % colors, .marker = static_cast<compare::Marker>(i / colors % 6)});
  }
  double low = HUGE_VAL, high = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const SpectraAt& moment : moments.all) {
      const WeightSpectrum* weight = moment.find(names[i]);
      if (!weight || !weight->matrix) continue;
      const auto& values = weight->matrix->values;
      compare::Series line{.scheme = printable(names[i], 30), .look = looks[i]};
      if (two) line.scheme = fmt::format("{}, {}", line.scheme, moment.label);
      line.look.dash = two && &moment == &moments.all.front() ? 1 : 0;
      const std::size_t points = std::min<std::size_t>(values.size(), 200);
      for (std::size_t k = 0; k < points; ++k) {
        const std::size_t at = points == 1 ? 0 : k * (values.size() - 1) / (points - 1);
        // What is rounding of zero has no place on a logarithmic axis.
        if (values[at] <= 1e-15 * values.front()) break;
        const double share =
            values.size() == 1 ? 0 : static_cast<double>(at) / static_cast<double>(values.size() - 1);
        line.points.push_back({.x = share, .y = values[at]});
        low = std::min(low, values[at]);
        high = std::max(high, values[at]);
      }
      if (!line.points.empty()) figure.series.push_back(std::move(line));
    }
  }
  if (figure.series.empty()) fail("no weight has a singular value above 0 to be drawn");
  figure.y = compare::log_axis("singular value", low, high);
  return figure;
}

}  // namespace fanin::program
