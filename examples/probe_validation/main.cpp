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
  bool only_report = false, only_kept_back = false;
  std::string truth() const { return folder + "/truth.jsonl"; }
  std::string seen() const { return folder + "/first_steps.jsonl"; }
};

/// Finds what is not known yet of the pairs, and keeps it as it goes, until `minutes` are over.
void complete(Known<Truth>& truth, Known<probe::FirstSteps>& seen, const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const auto pairs = all_pairs();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::string key = pairs[i].key();
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() >
        60 * arguments.minutes)
      return;
    if (truth.contains(key) && seen.contains(key)) continue;
    if (arguments.only_kept_back && !pairs[i].kept_back()) continue;
    if (!truth.contains(key)) truth[key] = train(pairs[i]);
    if (!seen.contains(key)) seen[key] = look(pairs[i]);
    write(arguments.truth(), truth);
    write(arguments.seen(), seen);
    note("{}/{} {:.3f} {}\n", i + 1, pairs.size(), truth[key].accuracy, key);
  }
}

int run(const Arguments& arguments) {
  auto truth = read_truth(arguments.truth());
  auto seen = read_first_steps(arguments.seen());
  if (!arguments.only_report) complete(truth, seen, arguments);
  const auto all = cases(truth, seen);
  if (all.empty()) fail("{} knows of no pair yet", arguments.folder);
  say("{}Of {} pairs, the fit on the first rounds: {}\n", report(all), all.size(), fit_source(all));
  return 0;
}

constexpr const char* about =
    "Trains networks drawn at random, and holds the probe's word against what becomes of them. Goes on where it was "
    "stopped.";

}  // namespace

int main(int argc, char** argv) {
  return guarded("probe_validation", about, [&](CLI::App& app) {
    Arguments arguments;
    app.add_option("--folder", arguments.folder, "where truth.jsonl and first_steps.jsonl are")
        ->capture_default_str();
    app.add_option("--minutes", arguments.minutes, "begin no further run after so long");
    app.add_flag("--kept-back", arguments.only_kept_back, "train only what no fit will see");
    app.add_flag("--report", arguments.only_report, "of what is known: train nothing");
    app.parse(argc, argv);
    return run(arguments);
  });
}
