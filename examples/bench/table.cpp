#include "examples/bench/table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/writable.hpp>

#include "examples/bench/sections.hpp"

namespace fanin::bench {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> other_sections = {"comparison", "frameworks", "initializers",
                                                 "memory",     "startup",    "scaling"};

}  // namespace

Bench::Bench(const TableOptions& chosen) : options(chosen), folder(chosen.folder) {
  const Usage import = run_to_end(torch({"import"}));
  has_torch = import.status == 0;
  if (!has_torch)
    remark("No PyTorch for " + options.python + " (Debian: python3-torch): its columns are empty.");
  else
    tell_of("PyTorch", torch({"about"}));
  for (const auto& [name, program] : cpp_peers) {
    if (fs::exists(beside(program))) tell_of(name, unpinned + Command{beside(program), "about"});
  }
  tell_of("The yardstick", unpinned + Command{beside("fanin_bench"), "about"});
  if (!fs::exists(folder + "/train-images-idx3-ubyte.gz")) {
    remark("No Fashion-MNIST in " + folder + " (Debian: dataset-fashion-mnist): the data are synthetic.");
    folder.clear();
    data = "synthetic(count=60000)";
  }
}

Contender::Contender(const Command& command)
    : child(std::make_unique<Child>(command)), loss_before(child->ask("loss")) {}
void Contender::measure() {
  if (child) rates.push_back(child->ask());
}
void Contender::finish() {
  if (child) loss_after = child->ask("loss");
}

bool Bench::learned(const std::string& what, const Contender& peer, const Contender& fanin) {
  if (!peer.child || peer.fall() >= 0.5 * fanin.fall() - 0.05) return true;
  remark(fmt::format("{} left out: its loss went from {:.3g} to {:.3g}, fanin's from {:.3g} to {:.3g}.", what,
                     peer.loss_before, peer.loss_after, fanin.loss_before, fanin.loss_after));
  return false;
}

void Bench::tell_of(const std::string& name, const Command& about) {
  const std::string line = first_line_of(about);
  remark(name + ": " + (line.empty() ? "says nothing of itself" : line) + ".");
  note("{}\n", remarks.back());
}

Command Bench::torch(const Command& arguments) const {
  return unpinned + Command{options.python, options.peers + "/peer_torch.py"} + arguments;
}
Command Bench::torch_training(const Workload& workload, Index batch, const std::string& threads) const {
  return torch({"train", workload.name, std::to_string(batch), threads, length(), folder});
}
Command Bench::fanin(const Workload& workload, Index batch, int threads) const {
  return {beside("fanin_bench"),
          "train",
          workload.name,
          "--batch",
          std::to_string(batch),
          "--threads",
          std::to_string(threads),
          "--seconds",
          length(),
          "--data",
          data,
          "--serve"};
}
Command Bench::comparison(const std::vector<std::string>& schemes, int jobs, int seeds) const {
  const std::string out = options.out + "/comparison";
  fs::remove_all(out);  // or finished runs would be kept from before
  std::string list;
  for (const auto& one : schemes) list += (list.empty() ? "" : "; ") + one;
  return {beside("fanin"), "compare", "--models", "mlp",
          "--schemes",     list,      "--seeds",  std::to_string(seeds),
          "--epochs",      "1",       "--jobs",   std::to_string(jobs),
          "--threshold",   "0",       "--out",    out};
}

std::string Bench::beside(const std::string& name) {
  return (fs::read_symlink("/proc/self/exe").parent_path() / name).string();
}
std::string Bench::length() const { return fmt::format("{}", options.seconds); }
void Bench::section(const std::string& title, const std::vector<std::vector<std::string>>& rows) {
  const std::string text = "\n" + title + "\n\n" + markdown(rows);
  say("{}", text);
  flush_output();
  report += text;
}

std::string sections() {
  std::string text;
  for (const auto& one : workloads()) text += (text.empty() ? "" : ", ") + one.name;
  for (const auto& one : other_sections) text += ", " + one;
  return text;
}

void run_table(const TableOptions& options) {
  std::vector<std::string> known = other_sections;
  for (const auto& one : workloads()) known.push_back(one.name);
  if (!options.only.empty() && std::find(known.begin(), known.end(), options.only) == known.end())
    fail_usage("--only: unknown '{}'{}; known are {}", options.only, suggest(options.only, known),
               sections());
  io::require_writable_folder(options.out);
  TableOptions chosen = options;
  if (chosen.quick) chosen.pairs = 1, chosen.seconds = 0.2;
  Bench bench(chosen);
  const auto wanted = [&](const std::string& name) { return chosen.only.empty() || chosen.only == name; };
  bench.report = fmt::format("# Benchmark\n\n{}.\n", machine());
  TrainingTable training(bench);
  for (const auto& workload : workloads()) {
    if (wanted(workload.name)) training.measure(workload);
  }
  if (wanted("comparison")) training.measure_comparison();
  training.finish();
  if (wanted("frameworks")) measure_frameworks(bench);
  if (wanted("initializers")) measure_initializers(bench);
  if (wanted("memory")) measure_memory(bench);
  if (wanted("startup")) measure_startup(bench);
  if (wanted("scaling")) measure_scaling(bench);
  for (const auto& one : bench.remarks) bench.report += "\n" + one + "\n";
  const auto save = [&](const char* name, const std::string& text) {
    io::write_atomically(chosen.out + "/" + name, [&text](io::AtomicWriter& file) { file.write(text); });
  };
  save("results.json", training.json());
  save("bench.md", bench.report);
  say("\nwrote {0}/results.json and {0}/bench.md\n", chosen.out);
}

}  // namespace fanin::bench
