// Small experiments that put the literature's claims on initialization to the test: claimed versus seen.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/cores.hpp>
#include <fanin/core/error.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/writable.hpp>

#include "examples/claims/claim_report.hpp"
#include "examples/claims/experiments.hpp"
#include "examples/guarded.hpp"

using namespace fanin;

namespace {

struct Arguments {
  std::vector<std::string> names = {};
  bool list = false, json = false;
  int jobs = cores_at_hand();
  std::uint64_t seed = 0;
  std::string data = "fashion-mnist", out = "out/claims";
};

/// Read once, by whichever experiment asks first.
std::function<const data::Sets&()> lazy_data(const std::string& text) {
  struct Lazy {
    std::once_flag once;
    data::Sets splits;
  };
  return [text, lazy = std::make_shared<Lazy>()]() -> const data::Sets& {
    std::call_once(lazy->once, [&] { lazy->splits = datasets::load_sets(text); });
    return lazy->splits;
  };
}

void write_outputs(const std::string& folder, const std::vector<claims::Finding>& findings,
                   std::uint64_t seed) {
  const auto write = [&](const char* name, const std::string& text) {
    io::write_atomically(folder + "/" + name, [&](io::AtomicWriter& file) { file.write(text); });
  };
  write("claims.json", claims::findings_json(findings, seed));
  write("claims.md", claims::findings_markdown(findings));
}

/// The exit code: 1 when a claim failed.
int run(const Arguments& arguments) {
  const claims::Setup setup{.seed = arguments.seed, .data = lazy_data(arguments.data)};
  const auto chosen = claims::experiments(setup, arguments.names);
  if (arguments.list) {
    say("{}", claims::claims_list(chosen));
    return 0;
  }
  setup.data();  // what is missing is said now, not once an experiment
  io::require_writable_folder(arguments.out);
  std::size_t done = 0;
  const auto findings = claims::examine_all(chosen, arguments.jobs, [&](const claims::Finding& finding) {
    note("{}/{} {}: {} in {:.1f} s\n", ++done, chosen.size(), finding.name,
         finding.reproduced() ? "reproduced" : "FAILED", finding.seconds);
  });
  if (arguments.json)
    say("{}", claims::findings_json(findings, arguments.seed));
  else
    say("{}\n", claims::findings_table(findings));
  write_outputs(arguments.out, findings, arguments.seed);
  if (!arguments.json) say("written to {0}/claims.json and {0}/claims.md\n", arguments.out);
  return std::all_of(findings.begin(), findings.end(), [](auto& one) { return one.reproduced(); }) ? 0 : 1;
}

constexpr const char* about =
    "Puts what the literature claims of initialization to the test: small experiments on real data, each figure predicted from "
    "theory before it is measured. Exit code 1 when a claim failed.\n\n"
    "Examples:\n"
    "  claims                     all of them (make claims)\n"
    "  claims scale he-2015       only these\n"
    "  claims --list              claims and predicted figures; runs nothing";

}  // namespace

int main(int argc, char** argv) {
  return guarded("claims", about, [&](CLI::App& app) {
    Arguments arguments;
    app.add_option("names", arguments.names, "which claims; all by default");
    app.add_flag("--list", arguments.list, "print claims, settings and predictions; run nothing");
    app.add_flag("--json", arguments.json, "print claims.json in place of the table");
    app.add_option("--jobs", arguments.jobs, "experiments at a time, one thread each")
        ->capture_default_str()
        ->check(CLI::Range(1, 256));
    app.add_option("--seed", arguments.seed, "of everything random: another one is another sample")
        ->capture_default_str()
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--data", arguments.data, "data set of the experiments (28×28)")->capture_default_str();
    app.add_option("--out", arguments.out, "folder for claims.json and claims.md")->capture_default_str();
    app.parse(argc, argv);
    return run(arguments);
  });
}
