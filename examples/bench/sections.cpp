#include "examples/bench/sections.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <memory>

namespace fanin::bench {

namespace fs = std::filesystem;

/// The frameworks in C++ that Debian has, one thread each.
void measure_frameworks(Bench& bench) {
  std::vector<std::vector<std::string>> rows = {{"workload", "batch", "fanin"}};
  for (const auto& [name, program] : cpp_peers) rows[0].push_back(name);
  for (const auto& workload : workloads()) {
    const std::string batch = std::to_string(workload.batches[0]);
    std::vector<Contender> all;
    all.emplace_back(bench.fanin(workload, workload.batches[0], 1));
    for (const auto& [name, program] : cpp_peers) {
      const Command command = {bench.beside(program), workload.name, batch, bench.length()};
      all.push_back(fs::exists(bench.beside(program)) ? Contender(keeping_its_heap + command) : Contender());
    }
    for (int pair = 0; pair < bench.options.pairs; ++pair) {
      for (auto& one : all) one.measure();
    }
    for (auto& one : all) one.finish();
    std::vector<std::string> row = {workload.name, batch, text_of(median(all[0].rates))};
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (!bench.learned(fmt::format("{} at {}", cpp_peers[i - 1].first, workload.name), all[i], all[0]))
        all[i].rates.clear();
      const auto ratio = median_ratio(all[0].rates, all[i].rates);
      row.push_back(text_of(median(all[i].rates)) + (ratio ? " (" + text_of(ratio, "×") + ")" : ""));
    }
    rows.push_back(row);
  }
  bench.section("Frameworks in C++: samples/s, 1 thread, and fanin's ratio to each", rows);
}

void measure_initializers(Bench& bench) {
  std::vector<std::vector<std::string>> rows = {{"scheme", "shape", "fanin", "PyTorch", "ratio"}};
  struct Draw {
    const char* scheme;
    Index rows, columns;
  };
  for (const auto& [scheme, height, width] :
       {Draw{"uniform", 1000, 1000}, Draw{"normal", 1000, 1000}, Draw{"trunc_normal", 1000, 1000},
        Draw{"orthogonal", 1024, 1024}, Draw{"sparse(sparsity=0.9)", 1024, 1024}}) {
    const Command draw = {"init", scheme, std::to_string(height), std::to_string(width), bench.length()};
    Child ours(Command{bench.beside("fanin_bench")} + draw);
    std::unique_ptr<Child> theirs;
    if (bench.has_torch) theirs = std::make_unique<Child>(bench.torch(draw));
    Samples f, t;
    for (int pair = 0; pair < bench.options.pairs; ++pair) {
      f.push_back(ours.ask());
      if (theirs) t.push_back(theirs->ask());
    }
    rows.push_back({scheme, fmt::format("{}×{}", height, width), text_of(median(f)), text_of(median(t)),
                    text_of(median_ratio(t, f), "×")});
  }
  bench.section("Initializers: nanoseconds an element, 1 thread", rows);
}

void measure_memory(Bench& bench) {
  if (bench.folder.empty()) return;
  const Usage ours = run_to_end({bench.beside("fanin"), "train", "--model", "mlp", "--epochs", "1"});
  const auto peak = [](const Usage& usage) { return usage.status == 0 ? Figure(usage.peak_mb) : Figure(); };
  bench.section(
      "Peak memory, MB",
      {{"what", "fanin", "PyTorch"},
       {"train the mlp for an epoch", text_of(peak(ours)),
        text_of(bench.has_torch ? peak(run_to_end(bench.torch({"memory", bench.folder}))) : Figure())},
       {"start and end (--help; import torch)", text_of(peak(run_to_end({bench.beside("fanin"), "--help"}))),
        text_of(bench.has_torch ? peak(run_to_end(bench.torch({"import"}))) : Figure())}});
}

void measure_startup(Bench& bench) {
  Samples ours, theirs;
  for (int i = 0; i < 20; ++i) ours.push_back(1e3 * run_to_end({bench.beside("fanin"), "--help"}).seconds);
  for (int i = 0; bench.has_torch && i < bench.whole_pairs(); ++i)
    theirs.push_back(1e3 * run_to_end(bench.torch({"import"})).seconds);
  bench.section("Start, ms of wall time",
                {{"fanin --help", "import torch"}, {text_of(median(ours)), text_of(median(theirs))}});
}

void measure_scaling(Bench& bench) {
  std::vector<std::vector<std::string>> rows = {{"training samples", "microseconds a sample"}};
  for (const Index count : {Index{1'000}, Index{10'000}, Index{60'000}}) {
    Child child(bench.fanin(workload_named("mlp"), 64, 1) + Command{"--count", std::to_string(count)});
    Samples costs;
    for (int i = 0; i < bench.options.pairs; ++i) costs.push_back(1e6 / child.ask());
    rows.push_back({std::to_string(count), text_of(median(costs))});
  }
  bench.section("Cost of a sample by the size of the data set: mlp, batch 64, 1 thread", rows);
  if (bench.folder.empty()) return;
  const std::vector<std::string> schemes = {"default", "xavier_uniform", "kaiming_normal", "orthogonal"};
  Samples one, two;
  for (int i = 0; i < bench.whole_pairs(); ++i) {
    one.push_back(run_together({bench.comparison(schemes, 1, 4)}));
    two.push_back(run_together({bench.comparison(schemes, 2, 4)}));
  }
  bench.section("Sixteen runs of a comparison, seconds of wall time of the whole process",
                {{"1 job", "2 jobs", "ratio"},
                 {text_of(median(one)), text_of(median(two)), text_of(median_ratio(one, two), "×")}});
}

}  // namespace fanin::bench
