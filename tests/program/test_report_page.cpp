#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include <fanin/compare/outputs.hpp>
#include <fanin/compare/summary.hpp>

#include "tests/compare/markup.hpp"
#include "tests/compare/synthetic.hpp"
#include "tests/io/scratch.hpp"
#include "tests/program/browser.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using nlohmann::json;

namespace {

/// Whether there is no browser to test in, which is then said.
bool no_browser() {
  if (Browser::installed()) return false;
  MESSAGE("Chromium is not installed: the page is not tested in a browser");
  return true;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The bytes of a file that the page saves, once they are all there.
std::string saved(const fs::path& folder, const std::string& ending) {
  const auto started = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - started < std::chrono::seconds(30)) {
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ending && fs::file_size(entry.path()) > 0) return text_of(entry.path());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL("the page saved no ", ending);
  return {};
}

/// Writes results and lets the program make their page.
std::string page_of(const compare::Comparison& comparison, const std::string& folder) {
  compare::write_outputs(comparison, folder, {.title = "of the library"});
  const Outcome made = fanin_command({"report", folder});
  CHECK(made.code == 0);
  CHECK(made.err.find("report.html") != std::string::npos);
  return folder + "/report.html";
}

double big_endian(const std::string& bytes, std::size_t at) {
  double number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = 256 * number + static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

TEST_CASE("the page's table shows the numbers of results.json") {
  if (no_browser()) return;
  const Scratch scratch;
  const std::string page = page_of(synthetic_comparison(), scratch / "out");
  const json results = json::parse(text_of(scratch / "out/results.json"));
  std::map<std::string, std::vector<double>> accuracies;
  for (const json& run : results["runs"])
    if (run["model"] == "lenet")
      accuracies[run["scheme"]].push_back(run["status"] == "ok" ? run["test_accuracy"].get<double>() : 0.1);
  Browser browser(scratch.folder());
  browser.open(page);
  const json rows = browser.value(
      "[...document.querySelectorAll('#s0-table-accuracy tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))");
  REQUIRE(rows.size() == accuracies.size());
  double previous = 1;
  for (const json& row : rows) {
    const std::vector<double>& values = accuracies.at(row[0]);
    double mean = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    CHECK(row[1].get<std::string>().starts_with(fmt::format("{:.2f}", 100 * mean)));
    CHECK(mean <= previous + 1e-12);
    previous = mean;
  }
  CHECK(browser.value("document.querySelector('main p').textContent")
            .get<std::string>()
            .starts_with("On lenet, " + rows[0][0].get<std::string>()));
}

TEST_CASE("the page is used by keyboard, and a scheme that is hidden leaves the charts") {
  if (no_browser()) return;
  const Scratch scratch;
  Browser browser(scratch.folder());
  browser.emulate(1200, "light");
  browser.open(page_of(synthetic_comparison(), scratch / "out"));
  const auto focused = [&] { return browser.value("document.activeElement.textContent").get<std::string>(); };
  const auto shown = [&] {
    return browser.value("[...document.querySelectorAll('section')].map((s) => s.checkVisibility())");
  };
  for (int i = 0; i < 20 && focused() != "lenet"; ++i) browser.press("Tab");
  REQUIRE(focused() == "lenet");
  CHECK(browser.value("getComputedStyle(document.activeElement).outlineStyle") != "none");
  CHECK(shown() == json({true, false}));
  browser.press("ArrowRight");
  CHECK(shown() == json({false, true}));
  CHECK(focused() == "mlp(hidden=256-128)");
  CHECK(browser.value("document.activeElement.getAttribute('aria-selected')") == "true");
  browser.press("Home");
  CHECK(shown() == json({true, false}));

  const auto lines = [&] {
    return browser
        .value("charts.find((c) => c.canvas.closest('#s0-loss')).data.datasets.filter((d) => d.label).length")
        .get<int>();
  };
  const int before = lines();
  CHECK(before == 10);
  browser.click("#s0 .legend button:nth-of-type(2)");
  CHECK(lines() == before - 1);
  for (int i = 0; i < 3; ++i) browser.press("Tab");
  browser.press("Enter");
  CHECK(lines() == before - 2);
  browser.open(scratch / "out/report.html");
  CHECK(lines() == before - 2);  // a page that is loaded anew goes on where it was

  const json words =
      browser.value("[...document.querySelectorAll('canvas')].map((c) => c.getAttribute('aria-label'))");
  CHECK(words.size() > 8);
  for (const json& one : words) CHECK(one.get<std::string>().find("xavier_uniform: ") != std::string::npos);
}

TEST_CASE("a reader takes figures and tables out of the page") {
  if (no_browser()) return;
  const Scratch scratch;
  fs::create_directories(scratch / "saved");
  Browser browser(scratch / "saved");
  browser.emulate(1200, "dark");
  const compare::Comparison comparison = synthetic_comparison();
  browser.open(page_of(comparison, scratch / "out"));
  browser.click("#s0-accuracy .actions button:nth-of-type(1)");
  const std::string svg = saved(scratch / "saved", ".svg");
  CHECK(svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
  CHECK(markup_fault(svg.substr(svg.find('\n'))) == "");
  CHECK(svg.find("#0470af") != std::string::npos);  // the colours on white, whatever the screen
  for (const std::string& scheme : comparison.settings.schemes)
    CHECK(svg.find(">" + scheme + "</text>") != std::string::npos);

  browser.click("#s0-accuracy .actions button:nth-of-type(2)");
  const std::string png = saved(scratch / "saved", ".png");
  CHECK(png.substr(1, 3) == "PNG");
  CHECK(big_endian(png, 16) == 3 * 640);
  CHECK(png.size() > 20'000);

  browser.value(
      "document.addEventListener('copy', () => (window.copied = getSelection().toString() || document.activeElement.value))");
  browser.value("navigator.clipboard.writeText = (text) => ((window.copied = text), Promise.resolve())");
  for (const auto& [number, ending] : {std::pair{1, ".csv"}, std::pair{2, ".md"}, std::pair{3, ".tex"}}) {
    browser.click(fmt::format("#s0-table-accuracy .actions button:nth-of-type({})", number));
    const std::string copied = browser.value("window.copied");
    CHECK(fanin_command({"report", scratch / "out", "--figures", scratch / "figures"}).code == 0);
    CHECK(copied == text_of(scratch / ("figures/lenet-accuracy" + std::string(ending))));
  }
  // Without the newer interface the older one is taken.
  browser.value("navigator.clipboard.writeText = () => Promise.reject()");
  browser.value("window.copied = ''");
  browser.click("#s0-table-accuracy .actions button:nth-of-type(2)");
  CHECK(browser.value("new Promise((done) => setTimeout(() => done(window.copied), 200))")
            .get<std::string>()
            .starts_with("| scheme |"));
}

TEST_CASE("the page fits phones, dark screens and paper") {
  if (no_browser()) return;
  const Scratch scratch;
  Browser browser(scratch.folder());
  const std::string page = page_of(synthetic_comparison(), scratch / "out");
  const auto overflow = [&] {
    return browser.value("document.documentElement.scrollWidth - innerWidth").get<int>();
  };
  for (const int width : {390, 768, 1200, 2400}) {
    CAPTURE(width);
    browser.emulate(width, "dark");
    browser.open(page);
    CHECK(overflow() <= 0);
    CHECK(browser.value("getComputedStyle(document.body).color") == "rgb(232, 234, 238)");
    CHECK(
        browser.value(
            "[...document.querySelectorAll('#s0 canvas')].every((c) => c.clientWidth > 200 && c.clientHeight > 100)") ==
        true);
  }
  browser.emulate(700, "dark", "print");
  CHECK(overflow() <= 0);
  CHECK(browser.value("getComputedStyle(document.body).color") == "rgb(22, 25, 31)");
  CHECK(browser.value("getComputedStyle(document.querySelector('figure svg text.f0')).fill") ==
        "rgb(22, 25, 31)");
  CHECK(browser.value("[...document.querySelectorAll('section')].every((s) => s.checkVisibility())") == true);
  CHECK(browser.value(
            "[...document.querySelectorAll('canvas, .actions, .tabs')].some((e) => e.checkVisibility())") ==
        false);
  CHECK(
      browser.value(
          "[...document.querySelectorAll('figure:not([hidden]) .picture > svg')].every((e) => e.getBoundingClientRect().width > 600)") ==
      true);
  CHECK(
      browser.value(
          "[...document.querySelectorAll('.scroll, .picture')].every((e) => e.scrollWidth <= e.clientWidth + 1)") ==
      true);
  CHECK(browser.call("Page.printToPDF")["data"].get<std::string>().size() > 100'000);
}

TEST_CASE("a page with hostile names runs nothing of theirs") {
  if (no_browser()) return;
  const Scratch scratch;
  const std::string evil =
      "</script><img src=x onerror='window.hacked=1'><script>window.hacked=1</script>\"'`${window.hacked=1}";
  compare::Comparison comparison = synthetic_comparison();
  comparison.settings.models[0] = comparison.settings.schemes[2] = comparison.settings.data = evil;
  for (compare::Run& run : comparison.runs) {
    if (run.model == "lenet") run.model = evil;
    if (run.scheme == "constant(0.1)") run.scheme = evil;
    run.plan = run.message = evil;
    for (auto& layer : run.profile_start) layer.layer += evil;
    for (auto& parameter : run.parameters) parameter.name += evil;
  }
  comparison.summary = compare::summarize(comparison.settings, comparison.runs);
  Browser browser(scratch.folder());
  browser.open(page_of(comparison, scratch / "out"));
  CHECK(browser.value("charts.length >= 8") == true);
  CHECK(browser.value("window.hacked === undefined") == true);
  CHECK(browser.value("document.querySelectorAll('script').length") == 3);
  CHECK(browser.value("document.querySelectorAll('img, section a').length") == 0);
  CHECK(browser.value("document.querySelector('[role=tab]').textContent") == evil);
}

TEST_CASE("a page of 20 schemes at 6 rates with 10 seeds stays small and is there in a second") {
  if (no_browser()) return;
  const Scratch scratch;
  compare::Comparison small = synthetic_comparison(), large;
  large.settings = small.settings;
  large.settings.models.clear();
  large.settings.schemes.clear();
  large.settings.seeds.clear();
  for (std::uint64_t seed = 0; seed < 10; ++seed) large.settings.seeds.push_back(seed);
  for (int k = 0; k < 20; ++k)
    large.settings.schemes.push_back(k == 0 ? "default" : fmt::format("scheme_{}(gain=1.{})", k, k));
  for (const double lr : {0.003, 0.01, 0.03, 0.1, 0.3, 1.0}) {
    const std::string name = fmt::format("lenet, lr {}", lr);
    large.settings.models.push_back(name);
    large.settings.subjects.push_back({.name = name, .model = "lenet", .lr = lr, .window = "lenet"});
    for (std::size_t seed = 0; seed < 10; ++seed) {
      for (std::size_t k = 0; k < 20; ++k) {
        compare::Run run = small.runs[3 * (k % 11) + seed % 3];
        run.model = name;
        run.scheme = large.settings.schemes[k];
        run.seed = seed;
        run.lr = lr;
        run.test_accuracy -= 0.01 * std::abs(std::log10(lr / 0.1)) + 0.0001 * static_cast<double>(seed * k);
        large.runs.push_back(std::move(run));
      }
    }
  }
  large.summary = compare::summarize(large.settings, large.runs);
  Browser browser(scratch.folder());
  browser.emulate(1200, "light");
  const std::string page = page_of(large, scratch / "out");
  CHECK(fs::file_size(page) < 1'500'000);
  browser.open(page);
  CHECK(browser.value("charts.length") == 1);  // the rates'
  CHECK(browser.value("document.querySelectorAll('[role=tab]').length") == 7);
  CHECK(browser.value("data.figures['s0-rates'].series.length") == 20);
  CHECK(browser.value("data.figures['s0-rates'].series[3].points.length") == 6);
  browser.click("#tab-s4");
  CHECK(browser.value("charts.length") == 11);
  CHECK(browser.value("document.querySelectorAll('#s1 figure').length") == 4);
  // Others may keep the machine busy: the fastest of five.
  double fastest = HUGE_VAL;
  for (int i = 0; i < 5; ++i) {
    browser.open(page);
    const json loaded = browser.value(
        "new Promise((done) => setTimeout(() => done(performance.getEntriesByType('navigation')[0].loadEventEnd)))");
    if (loaded > 0) fastest = std::min(fastest, loaded.get<double>());
  }
  CHECK(fastest < 1000);
}
