#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/compare/figures.hpp>
#include <fanin/compare/html_text.hpp>
#include <fanin/compare/outputs.hpp>
#include <fanin/compare/reasons.hpp>
#include <fanin/compare/report.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/core/error.hpp>
#include <fanin/init/scheme.hpp>

#include "tests/compare/synthetic.hpp"

using namespace fanin;
using namespace fanin::compare;
using namespace fanin::probe;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

/// The JSON that the page's script reads.
nlohmann::json data_of(const std::string& html) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = html.find(start) + start.size();
  return nlohmann::json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const ReportOptions without_charts{.chart_library = "/nonexistent/Chart.min.js"};

}  // namespace

TEST_CASE(
    "the report asks for nothing from outside, answers first and holds every model, scheme and verdict") {
  const std::string html = report_html(synthetic_comparison(), without_charts);
  CHECK(count(html, "src=") == 0);
  CHECK(count(html, "@import") == 0);
  CHECK(count(html, "https://") == 0);
  CHECK(count(html, "http://") == count(html, "xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(html.find("default-src 'none'") != std::string::npos);
  CHECK(html.find("<section id=\"s1\">") != std::string::npos);
  CHECK(html.find("<div class=\"answer\"><p>On lenet, ") < html.find("<ul class=\"facts\">"));
  CHECK(html.find("fashion-mnist") != std::string::npos);
  const auto data = data_of(html);
  CHECK(data["schemes"].size() == 11);
  CHECK(data["schemes"][0]["color"] == 0);
  CHECK(data["figures"]["s0-accuracy"]["series"].size() == 11);
  CHECK(data["figures"]["s1-loss"]["y"]["logarithmic"] == true);
  CHECK(data["tables"]["s0-table-accuracy"]["CSV"].get<std::string>().starts_with(
      "scheme,accuracy,accuracy_low,"));
  CHECK(count(data["tables"]["s1-table-accuracy"]["Markdown"], "\n") == 13);
  CHECK(count(html, "<figure ") == count(html, "<desc>"));
}

TEST_CASE("the page of a grid under way says so and loads itself anew; that of one that is done does not") {
  Comparison comparison = synthetic_comparison();
  comparison.runs.resize(20);
  comparison.summary = summarize(comparison.settings, comparison.runs);
  ReportOptions live = without_charts;
  live.live = true;
  const std::string html = report_html(comparison, live);
  CHECK(html.find("The grid is running; 20 finished runs so far.") != std::string::npos);
  CHECK(html.find("<body data-refresh=\"10\">") != std::string::npos);
  CHECK(html.find("http-equiv=\"refresh\"") != std::string::npos);
  const std::string done = report_html(comparison, without_charts);
  CHECK(done.find("is running") == std::string::npos);
  CHECK(done.find("<body data-refresh") == std::string::npos);
  CHECK(done.find("http-equiv=\"refresh\"") == std::string::npos);
}

TEST_CASE("beside each scheme stands when it fails") {
  Comparison comparison = synthetic_comparison();
  for (Run& run : comparison.runs) {
    if (run.scheme == "default") run.plan = "conv1.weight=kaiming_uniform(a=2.236); conv1.bias=zeros";
  }
  const std::string html = report_html(comparison, without_charts);
  CHECK(html.find("all units of a layer compute and learn the same thing") != std::string::npos);
  CHECK(fails_when("zeros", "") == init::find_scheme("zeros")->fails);
  CHECK(fails_when("default", "conv1.weight=kaiming_uniform(a=2.236); conv1.bias=zeros") ==
        init::find_scheme("kaiming_uniform")->fails);
  CHECK(fails_when("mine", "a.weight=zeros; b.weight=orthogonal").starts_with("zeros: "));
  CHECK(fails_when("warm(x.safetensors)", "warm(x.safetensors)").empty());
}

TEST_CASE("Chart.js is copied in, and a report without it says so") {
  const Comparison comparison = synthetic_comparison();
  const auto folder = std::filesystem::temp_directory_path() / "fanin_test_report_library";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "Chart.min.js").string();
  std::ofstream(path) << "/* Chart.js v3.9.1 */ const trap = \"</script><b>\";";
  const std::string html = report_html(comparison, {.chart_library = path});
  CHECK(html.find("Chart.js v3.9.1") != std::string::npos);
  CHECK(html.find("const trap = \"<\\/script><b>\"") != std::string::npos);
  CHECK(html.find("figures are pictures") == std::string::npos);
  std::ofstream(path) << "something else";
  CHECK(report_html(comparison, {.chart_library = path}).find("figures are pictures") != std::string::npos);
  CHECK(report_html(comparison, without_charts).find("figures are pictures") != std::string::npos);
  CHECK(report_html(comparison, {.chart_library = folder.string()}).find("figures are pictures") !=
        std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("what a user typed cannot break out of the page") {
  const std::string evil = "</script><script>alert(\"1\" + '2')</script><!-- & \xff";
  Comparison comparison = synthetic_comparison();
  comparison.settings.models[0] = comparison.settings.schemes[2] = comparison.settings.data = evil;
  comparison.settings.extra.emplace_back(evil, evil);
  for (Run& run : comparison.runs) {
    if (run.model == "lenet") run.model = evil;
    if (run.scheme == "constant(0.1)") run.scheme = evil;
    run.plan = run.message = evil;
    for (LayerProfile& layer : run.profile_start) layer.layer = evil;
    for (ParameterSnapshot& parameter : run.parameters) parameter.name = evil;
    run.filters.name = evil;
  }
  comparison.summary = summarize(comparison.settings, comparison.runs);
  const std::string html = report_html(comparison, {.title = evil, .chart_library = evil});
  CHECK(count(html, "<script") == 2);
  CHECK(count(html, "</script") == 2);
  CHECK(count(html, "alert(\"1\"") == 0);
  CHECK(count(html, "<!-") == 0);
  CHECK(data_of(html)["schemes"][2]["name"].get<std::string>().starts_with(
      "</script><script>alert(\"1\" + '2')"));
  CHECK(html_escape("<a href=\"x\">'&'</a>") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST_CASE("a scheme's name in any script is the same on the page") {
  Comparison comparison = synthetic_comparison();
  const std::string old = comparison.settings.schemes.back();
  for (Run& run : comparison.runs) {
    if (run.scheme == old) run.scheme = "größe_大(小)";
  }
  comparison.settings.schemes.back() = "größe_大(小)";
  comparison.summary = summarize(comparison.settings, comparison.runs);
  const std::string html = report_html(comparison, {});
  CHECK(count(html, "größe_<wbr>大(<wbr>小)") > 0);
  CHECK(count(html, "\\xc3") == 0);
}

TEST_CASE("pictures come once a scheme, as bytes about zero, with nothing between the filters") {
  Comparison comparison = synthetic_comparison();
  comparison.runs.resize(3);
  for (Run& run : comparison.runs)
    run.filters = {.name = "f", .count = 2, .height = 1, .width = 2, .before = {}, .after = {}};
  comparison.runs[0].filters.before = {-2, 0, 1, 2};
  comparison.summary = summarize(comparison.settings, comparison.runs);
  const std::vector<Figure> all = figures(comparison, "lenet");
  REQUIRE(all.back().name == "filters");
  REQUIRE(all.back().series.at(0).pictures.size() == 1);
  const Picture& picture = all.back().series[0].pictures[0];
  CHECK(picture.width == 2);
  CHECK(picture.height == 3);
  CHECK(picture.bytes == std::vector<std::uint8_t>{1, 128, 0, 0, 192, 255});
  CHECK(figure_svg(all.back()).find("data:image/png;base64,iVBORw0KGgo") != std::string::npos);
}

TEST_CASE("an empty comparison and one of failures only still make a page") {
  CHECK(report_html({}, without_charts).find("no results yet") != std::string::npos);
  Comparison comparison;
  Run run;
  run.model = "m";
  run.scheme = "s";
  run.status = Status::failed;
  run.message = "out of luck";
  run.filters = {
      .name = "f", .count = 1 << 20, .height = 1 << 20, .width = 1 << 20, .before = {1}, .after = {}};
  comparison.runs = {run};
  comparison.summary = summarize(comparison.settings, comparison.runs);
  const std::string html = report_html(comparison, without_charts);
  CHECK(html.find("all runs of s diverged or failed. Failed and counted at chance level: 1") !=
        std::string::npos);
  CHECK(html.find("out of luck") != std::string::npos);
}

TEST_CASE("the three files are written together, and a folder that cannot be made is an Error") {
  const auto folder = std::filesystem::temp_directory_path() / "fanin_test_outputs";
  std::filesystem::remove_all(folder);
  Comparison comparison = synthetic_comparison();
  comparison.runs.resize(6);
  write_outputs(comparison, (folder / "deep").string(), without_charts);
  CHECK(slurp(folder / "deep/results.json") == comparison_json(comparison));
  CHECK(count(slurp(folder / "deep/results.csv"), "\n") == 7);
  CHECK(slurp(folder / "deep/report.html").starts_with("<!DOCTYPE html>"));
  CHECK_THROWS_AS(write_outputs(comparison, (folder / "deep/results.csv/below").string()), Error);
  std::filesystem::remove_all(folder);
}
