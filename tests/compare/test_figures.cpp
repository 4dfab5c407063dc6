#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/compare/figures.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>

#include "tests/compare/markup.hpp"
#include "tests/compare/synthetic.hpp"

using namespace fanin;
using namespace fanin::compare;

namespace {

const Figure* named(const std::vector<Figure>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Figure& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Series& of_scheme(const Figure& figure, const std::string& scheme) {
  const auto found = std::find_if(figure.series.begin(), figure.series.end(),
                                  [&](const Series& one) { return one.scheme == scheme; });
  REQUIRE(found != figure.series.end());
  return *found;
}

/// Four schemes with these accuracies, a row a seed.
Comparison comparison_of(const std::vector<std::vector<double>>& accuracies) {
  Comparison comparison;
  comparison.settings.models = {"m"};
  comparison.settings.schemes = {"default", "a", "b", "c"};
  comparison.settings.default_scheme = "default";
  for (std::uint64_t seed = 0; seed < accuracies.size(); ++seed) {
    comparison.settings.seeds.push_back(seed);
    for (std::size_t k = 0; k < accuracies[seed].size(); ++k) {
      Run& run = comparison.runs.emplace_back();
      run.model = "m";
      run.scheme = comparison.settings.schemes[k];
      run.seed = seed;
      run.test_accuracy = accuracies[seed][k];
    }
  }
  comparison.summary = summarize(comparison.settings, comparison.runs);
  return comparison;
}

}  // namespace

TEST_CASE("figures say what the summary says") {
  const Comparison comparison = synthetic_comparison();
  const std::vector<Figure> all = figures(comparison, "lenet");
  const Figure* accuracy = named(all, "accuracy");
  const Figure* difference = named(all, "difference");
  const Figure* beats = named(all, "beats");
  REQUIRE((accuracy && difference && beats));
  CHECK(accuracy->series.size() == 11);
  CHECK(difference->series.size() == 10);
  for (const Summary& row : comparison.summary) {
    if (row.model != "lenet") continue;
    const Series& series = of_scheme(*accuracy, row.scheme);
    CHECK(series.points.at(0).x == row.mean);
    CHECK(series.seeds.size() == 3);
    if (row.interval.known()) CHECK(series.points[0].low == row.interval.low);
    if (row.is_default) continue;
    CHECK(of_scheme(*difference, row.scheme).points.at(0).x == row.difference_to_default);
    CHECK(of_scheme(*beats, row.scheme).points.at(0).high == row.beats_interval.high);
  }
  for (const char* name : {"epochs", "loss", "activation-start", "activation-end", "gradient-start",
                           "dead-end", "weights-conv1.weight", "spectrum-conv1.weight", "filters"}) {
    CAPTURE(name);
    CHECK(named(all, name) != nullptr);
  }
}

TEST_CASE("figures: singular values before and after stand to one scale, and only those that can be drawn") {
  Comparison comparison = synthetic_comparison();
  const Run& first = comparison.runs.front();
  const auto panels = [&] { return figures(comparison, first.model); };
  const std::string name = "spectrum-" + first.parameters[0].name;
  const auto highest = [](const std::vector<FigurePoint>& corners) {
    double most = 0;
    for (const FigurePoint& one : corners) most = std::max(most, one.y);
    return most;
  };
  {
    const std::vector<Figure> all = panels();
    const Series& series = of_scheme(*named(all, name), first.scheme);
    CHECK(highest(series.before) == doctest::Approx(1).epsilon(1e-5));
    CHECK(series.points.back().x == doctest::Approx(1));
    CHECK(series.note.find("rank 5.33→2.29") != std::string::npos);
  }
  for (Run& run : comparison.runs) {
    if (run.scheme != first.scheme) continue;
    run.parameters[0].spectrum_before.norm /= 2;
    run.parameters[0].spectrum_after = {};
  }
  {
    // A norm that some value exceeds is not this spectrum's.
    const std::vector<Figure> all = panels();
    for (const Series& series : named(all, name)->series) CHECK(series.scheme != first.scheme);
  }
  for (Run& run : comparison.runs)
    for (ParameterSnapshot& one : run.parameters) one.spectrum_before = {};
  CHECK(named(panels(), name) == nullptr);
}

TEST_CASE("a scheme looks the same in every figure") {
  const Comparison comparison = synthetic_comparison();
  std::map<std::string, Look> looks;
  for (const std::string& model : models_of(comparison)) {
    for (const Figure& figure : figures(comparison, model))
      for (const Series& series : figure.series)
        CHECK(looks.emplace(series.scheme, series.look).first->second == series.look);
  }
  CHECK(looks.size() == 11);
}

TEST_CASE("the axis of accuracies tells leading schemes apart however bad the others are") {
  const Comparison comparison =
      comparison_of({{0.869, 0.877, 0.875, 0.1}, {0.870, 0.878, 0.873, 0.1}, {0.868, 0.876, 0.874, 0.1}});
  const std::vector<Figure> all = figures(comparison, "m");
  const Axis& axis = named(all, "accuracy")->x;
  CHECK(axis.place(0.877) - axis.place(0.869) > 0.25);
  CHECK(axis.place(0.869) > 0);
  CHECK(axis.place(0.1) < 0);
}

TEST_CASE(
    "the interval of a significant difference is never cut, and what lies beyond the axis has its number") {
  const Comparison comparison = comparison_of({{0.800, 0.82, 0.801, 0.1},
                                               {0.802, 0.84, 0.799, 0.1},
                                               {0.798, 0.83, 0.800, 0.1},
                                               {0.800, 0.83, 0.802, 0.1}});
  const std::vector<Figure> all = figures(comparison, "m");
  const Figure& difference = *named(all, "difference");
  for (const Summary& row : comparison.summary) {
    if (!row.significant) continue;
    const FigurePoint& point = of_scheme(difference, row.scheme).points.at(0);
    if (row.scheme == "c") continue;
    CHECK(difference.x.place(point.low) > 0);
    CHECK(difference.x.place(point.high) < 1);
  }
  CHECK(of_scheme(difference, "c").note == "−70.00 *");
  CHECK(difference.x.place(-0.7) < 0);
  CHECK(difference.x.place(0) > 0);
}

TEST_CASE("without data there is no figure") {
  const Comparison comparison = comparison_of({{0.8, 0.9, 0.7, 0.6}});
  const std::vector<Figure> all = figures(comparison, "m");
  for (const Figure& figure : all) {
    CHECK_FALSE(figure.series.empty());
    CHECK((figure.name == "accuracy" || figure.name == "difference" || figure.name == "beats"));
  }
  CHECK(figures(comparison, "no such model").empty());
  CHECK(figures({}, "").empty());
}

TEST_CASE(
    "every figure is an SVG on its own: well formed, without script or link, with text as text and words") {
  const Comparison comparison = synthetic_comparison();
  for (const std::string& model : models_of(comparison)) {
    for (const Figure& figure : figures(comparison, model)) {
      CAPTURE(figure.name);
      const std::string svg = figure_svg(figure);
      CHECK(markup_fault(svg) == "");
      CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "));
      CHECK(svg.find("<script") == std::string::npos);
      CHECK(svg.find("nan") == std::string::npos);
      CHECK(svg.find("inf ") == std::string::npos);
      CHECK(svg.find("<desc>" + figure.title) != std::string::npos);
      for (const Series& series : figure.series) {
        CAPTURE(series.scheme);
        CHECK(in_words(figure).find(series.scheme + ": ") != std::string::npos);
        CHECK(svg.find(">" + series.scheme + "</text>") != std::string::npos);
      }
    }
  }
}

TEST_CASE("the words of a figure give its numbers") {
  const Comparison comparison = comparison_of({{0.80, 0.82, 0.801, 0.1}, {0.80, 0.84, 0.799, 0.1}});
  const std::vector<Figure> all = figures(comparison, "m");
  const std::string words = in_words(*named(all, "accuracy"));
  CHECK(words.starts_with("Final test accuracy. a: 83.00 % (95 % interval 70.29 % to 95.71 %). "));
  CHECK(in_words(*named(all, "difference")).find("c: -70.00 points") != std::string::npos);
}

TEST_CASE("what a file says cannot break out of a picture") {
  const std::string evil = "</text><script>alert(1)</script><a href=\"javascript:x\" x='&\xff\x01";
  Comparison comparison = synthetic_comparison();
  for (Run& run : comparison.runs) {
    if (run.scheme == "zeros") run.scheme = evil;
    for (auto* profile : {&run.profile_start, &run.profile_end})
      for (auto& layer : *profile) layer.layer += evil;
    for (ParameterSnapshot& parameter : run.parameters) parameter.name += evil;
    run.filters.name = evil;
  }
  comparison.settings.schemes[1] = evil;
  comparison.summary = summarize(comparison.settings, comparison.runs);
  for (const Figure& figure : figures(comparison, "lenet")) {
    const std::string svg = figure_svg(figure);
    CHECK(markup_fault(svg) == "");
    CHECK(svg.find("<script") == std::string::npos);
    CHECK(svg.find("<a ") == std::string::npos);
    CHECK(svg.find('\x01') == std::string::npos);
  }
}

TEST_CASE("bands and lines end where the axes do, markers of points there are whole") {
  Figure figure{.kind = Figure::Kind::lines,
                .name = "f",
                .title = "f",
                .x = linear_axis("x", 0, 3),
                .y = linear_axis("y", 0, 1),
                .series = {{.scheme = "a",
                            .points = {{.x = 0, .y = 0.5, .low = -3, .high = 4},
                                       {.x = 1, .y = 1, .low = 0, .high = 2},
                                       {.x = 2, .y = 5, .low = 4, .high = 6}}}}};
  const std::string svg = figure_svg(figure);
  CHECK(markup_fault(svg) == "");
  /// The nested picture, which clips, that `part` stands in; its height.
  const auto clip_of = [&](const std::string& part) {
    const auto at = svg.find(part);
    REQUIRE_MESSAGE(at != std::string::npos, part);
    const auto begin = svg.rfind("<svg x=", at), height = svg.find("height=\"", begin) + 8;
    return std::stod(svg.substr(height, 8));
  };
  const double area = clip_of("fill-opacity");
  CHECK(area == 280);
  CHECK(clip_of("stroke-width=\"2.4\" fill=\"none\"") <= area + 2);
  CHECK(clip_of("<g class=\"s0\"") > area + 6);
  // The point beyond the axis has no marker: two of three circles are there.
  const std::string markers =
      svg.substr(svg.find("<g class=\"s0\""),
                 svg.find("</g>", svg.find("<g class=\"s0\"")) - svg.find("<g class=\"s0\""));
  CHECK(std::count(markers.begin(), markers.end(), 'z') == 2);
}

TEST_CASE("numbers that explode, vanish or are unknown still make a picture") {
  Comparison comparison = synthetic_comparison();
  for (Run& run : comparison.runs) {
    if (run.scheme == "zeros") {
      for (auto& layer : run.profile_start) layer.activation_std = layer.gradient_norm = 0;
      run.loss_curve = {{0, unknown}, {1, HUGE_VAL}, {2, -1}};
    }
    if (run.scheme == "normal(std=1)")
      for (auto& layer : run.profile_start) layer.activation_std = 1e300;
    if (run.scheme == "default") run.history.resize(1);
  }
  for (const Figure& figure : figures(comparison, "lenet")) {
    CAPTURE(figure.name);
    const std::string svg = figure_svg(figure);
    CHECK(markup_fault(svg) == "");
    CHECK(svg.find("nan") == std::string::npos);
    CHECK(svg.find("inf") == std::string::npos);
  }
}
