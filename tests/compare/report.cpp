#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/compare/outputs.hpp>
#include <fanin/compare/report.hpp>
#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/core/error.hpp>

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

TEST_CASE("the report asks for nothing from outside and holds every model, scheme and verdict") {
  const std::string html = report_html(synthetic_comparison(), without_charts);
  CHECK(count(html, "src=") == 0);
  CHECK(count(html, "@import") == 0);
  CHECK(count(html, "http://") + count(html, "https://") == 0);
  CHECK(html.find("default-src 'none'") != std::string::npos);
  CHECK(html.find("<section id=\"model-1\">") != std::string::npos);
  CHECK(html.find("has the highest mean") != std::string::npos);
  CHECK(html.find("fashion-mnist") != std::string::npos);
  const auto data = data_of(html);
  CHECK(data["models"].size() == 2);
  CHECK(data["schemes"].size() == 11);
  CHECK(data["runs"].size() == 66);
  CHECK(data["epochs"] == 5);
  CHECK(data["t975"][3].get<double>() == doctest::Approx(4.3026527));
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
  CHECK(html.find("has no charts") == std::string::npos);
  std::ofstream(path) << "something else";
  CHECK(report_html(comparison, {.chart_library = path}).find("has no charts") != std::string::npos);
  CHECK(report_html(comparison, without_charts).find("has no charts") != std::string::npos);
  CHECK(report_html(comparison, {.chart_library = folder.string()}).find("has no charts") !=
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
  CHECK(data_of(html)["models"][0].get<std::string>().starts_with("</script><script>alert(\"1\" + '2')"));
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

TEST_CASE("pictures come once a scheme, as bytes about zero") {
  Comparison comparison = synthetic_comparison();
  comparison.runs.resize(3);
  for (Run& run : comparison.runs)
    run.filters = {.name = "f", .count = 1, .height = 1, .width = 4, .before = {}, .after = {}};
  comparison.runs[0].filters.before = {-2, 0, 1, 2};
  comparison.summary = summarize(comparison.settings, comparison.runs);
  const auto runs = data_of(report_html(comparison, without_charts))["runs"];
  CHECK(runs[0]["filters"]["before"] == "AYDA/w==");  // 1, 128, 192, 255
  CHECK(runs[0]["filters"]["before_scale"] == 2);
  CHECK(runs[0]["parameters"].size() == 5);
  CHECK(runs[1]["filters"].is_null());
  CHECK(runs[1]["parameters"].empty());
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
