// The probe's word held against training, over networks that nobody chose (make probe-validation).
#include <chrono>
#include <string>

#include <CLI/CLI.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/error.hpp>

#include "examples/guarded.hpp"
#include "examples/probe_validation/report.hpp"

using namespace fanin;
using namespace fanin::probe_validation;

namespace {

struct Arguments {
  std::string folder = "out/probe_validation";
  double minutes = 1e6;
  bool only_report = false;
};

/// Finds what is not known yet of the pairs, and keeps it as it goes, until `minutes` of the program are
/// over.
template <class T>
void complete(Known<T>& known, const std::string& path, double minutes,
              const std::function<T(const Pair&)>& find) {
  static const auto start = std::chrono::steady_clock::now();
  const auto pairs = all_pairs();
  for (const Pair& pair : pairs) {
    if (known.contains(pair.key())) continue;
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > 60 * minutes)
      return;
    known[pair.key()] = find(pair);
    write(path, known);
    note("{}: {}/{} {}\n", path, known.size(), pairs.size(), pair.key());
  }
}

int run(const Arguments& arguments) {
  const std::string truth_path = arguments.folder + "/truth.jsonl",
                    seen_path = arguments.folder + "/first_steps.jsonl";
  auto truth = read_truth(truth_path);
  auto seen = read_first_steps(seen_path);
  if (!arguments.only_report) {
    complete<Truth>(truth, truth_path, arguments.minutes, train);
    complete<probe::FirstSteps>(seen, seen_path, arguments.minutes, look);
  }
  const auto all = cases(truth, seen);
  if (all.empty()) fail("{} knows of no pair yet", arguments.folder);
  say("{}The fit on all {} pairs: {}\n", report(all), all.size(), fit_source(all));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Trains networks drawn at random, and holds the probe's word against what becomes of them. Goes on where it was "
      "stopped.",
      "probe_validation");
  Arguments arguments;
  app.add_option("--folder", arguments.folder, "where truth.jsonl and first_steps.jsonl are")
      ->capture_default_str();
  app.add_option("--minutes", arguments.minutes, "begin no further run after so long");
  app.add_flag("--report", arguments.only_report, "of what is known: train nothing");
  return guarded(app, [&] {
    app.parse(argc, argv);
    return run(arguments);
  });
}
