#include "examples/bench/table.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "examples/bench/child.hpp"
#include "examples/bench/figures.hpp"
#include "examples/bench/workloads.hpp"
#include "framework/core/error.hpp"
#include "framework/io/atomic_file.hpp"

namespace fanin::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Peers = std::vector<std::unique_ptr<Child>>;

const std::vector<std::string> other_sections = {"comparison", "initializers", "memory", "startup", "scaling"};
/// glibc's malloc would give PyTorch's larger tensors back to the system after every step in some processes and not in
/// others, by how its heap happens to lie, and then be up to six times slower: it keeps what it has, at its best.
const Command keeping_its_heap = {"/usr/bin/env", "MALLOC_MMAP_THRESHOLD_=33554432", "MALLOC_TRIM_THRESHOLD_=17179869184"};
/// PyTorch's threads and OpenBLAS's; the first row of the table has one of each, the second the best of all three.
const std::vector<std::string> torch_threads = {"1", "2", "1/2"};

Command operator+(Command first, const Command& rest) {
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

/// A row of the training table: samples/s, measured in turn.
struct Row {
  std::string workload;
  Index batch = 1;
  int threads = 1;
  Samples fanin, torch, tuned = {};
  Figure limit = {}, libtorch = {};
};

Json json_of(Figure figure) { return figure ? Json(*figure) : Json(nullptr); }

class Table {
 public:
  explicit Table(const TableOptions& options) : options_(options) {
    const Usage import = run_to_end(torch({"import"}));
    has_torch_ = import.status == 0;
    if (!has_torch_) remark("No PyTorch for " + options.python + " (Debian: python3-torch): its columns are empty.");
    if (!fs::exists(options.folder + "/train-images-idx3-ubyte.gz")) {
      folder_.clear();
      data_ = "synthetic(count=60000)";
      remark("No Fashion-MNIST in " + options.folder + " (Debian: dataset-fashion-mnist): the data are synthetic.");
    }
    has_libtorch_ = fs::exists(beside("peer_libtorch"));
  }

  void run() {
    report_ = fmt::format("# Benchmark\n\n{}.\n", machine());
    for (const auto& workload : workloads()) {
      if (wanted(workload.name)) measure_training(workload);
    }
    if (wanted("comparison")) measure_comparison();
    if (rows_.size() > 1) {
      section(fmt::format(
          "Training: samples/s, {} measures of each side in turn, medians. Ratio: the median over the pairs. With 2 threads, PyTorch's\n"
          "best of 1, 2, and 1 with OpenBLAS's 2. Heap kept: PyTorch with glibc's malloc told to give no memory back, which it does by\n"
          "itself in some processes and not in others. Limit: the step's matrix products and convolutions at {} GFLOP/s a thread, OpenBLAS's sgemm of 512³ here.",
          options_.pairs, text_of(median(rates_))),
              rows_);
    }
    if (wanted("initializers")) measure_initializers();
    if (wanted("memory")) measure_memory();
    if (wanted("startup")) measure_startup();
    if (wanted("scaling")) measure_scaling();
    for (const auto& one : remarks_) report_ += "\n" + one + "\n";
    fs::create_directories(options_.out);
    save("results.json", results_.dump(2) + "\n");
    save("bench.md", report_);
    fmt::print("\nwrote {0}/results.json and {0}/bench.md\n", options_.out);
  }

 private:
  void measure_training(const Workload& workload) {
    for (const Index batch : workload.batches) {
      Child fanin1(fanin(workload, batch, 1)), fanin2(fanin(workload, batch, 2));
      Child sgemm({beside("fanin_bench"), "sgemm", "--serve", "--seconds", fmt::format("{}", 0.1 * options_.seconds)});
      Peers torch(has_torch_ ? torch_threads.size() : 0), tuned(torch.size());
      for (std::size_t i = 0; i < torch.size(); ++i) {
        torch[i] = std::make_unique<Child>(torch_training(workload, batch, torch_threads[i]));
        tuned[i] = std::make_unique<Child>(keeping_its_heap + torch_training(workload, batch, torch_threads[i]));
      }
      std::unique_ptr<Child> cpp1;
      if (has_libtorch_) {
        cpp1 = std::make_unique<Child>(keeping_its_heap +
                                       Command{beside("peer_libtorch"), workload.name, std::to_string(batch), "1", length()});
      }
      Samples f1, f2, c1, rate;
      std::vector<Samples> t(torch_threads.size()), k(torch_threads.size());
      const auto ask = [](Peers& peers, std::size_t i, std::vector<Samples>& into) {
        if (!peers.empty()) into[i].push_back(peers[i]->ask());
      };
      for (int pair = 0; pair < options_.pairs; ++pair) {
        f1.push_back(fanin1.ask());
        ask(torch, 0, t), ask(tuned, 0, k);
        f2.push_back(fanin2.ask());
        for (std::size_t i = 1; i < torch.size(); ++i) ask(torch, i, t), ask(tuned, i, k);
        if (cpp1) c1.push_back(cpp1->ask());
        rate.push_back(sgemm.ask());
      }
      rates_.insert(rates_.end(), rate.begin(), rate.end());
      const double limit = *median(rate) * 1e9 / flops_per_sample(workload.name);
      const auto best = [](const std::vector<Samples>& all) { return *std::max_element(all.begin(), all.end(), by_median); };
      add({.workload = workload.name, .batch = batch, .threads = 1, .fanin = f1, .torch = t[0], .tuned = k[0], .limit = limit, .libtorch = median(c1)});
      add({.workload = workload.name, .batch = batch, .threads = 2, .fanin = f2, .torch = best(t), .tuned = best(k), .limit = 2 * limit});
    }
  }

  void add(const Row& row) {
    const auto& [workload, batch, threads, fanin, torch, tuned, limit, libtorch] = row;
    const Figure ratio = median_ratio(fanin, torch), to_tuned = median_ratio(fanin, tuned);
    results_.push_back({{"workload", workload},
                        {"batch", batch},
                        {"threads", threads},
                        {"fanin", json_of(median(fanin))},
                        {"torch", json_of(median(torch))},
                        {"ratio", json_of(ratio)},
                        {"limit", json_of(limit)},
                        {"torch_keeping_heap", json_of(median(tuned))},
                        {"ratio_keeping_heap", json_of(to_tuned)},
                        {"libtorch", json_of(libtorch)}});
    if (rows_.empty()) {
      rows_ = {{"workload", "batch", "threads", "fanin", "PyTorch", "ratio", "heap kept", "ratio", "PyTorch's C++", "limit"}};
    }
    rows_.push_back({workload, std::to_string(batch), std::to_string(threads), text_of(median(fanin)), text_of(median(torch)),
                     text_of(ratio, "×"), text_of(median(tuned)), text_of(to_tuned, "×"), text_of(libtorch), text_of(limit)});
    fmt::print(stderr, "{} {} × {} threads: {} samples/s; PyTorch {} ({}), heap kept {} ({})\n", workload, batch, threads,
               text_of(median(fanin)), text_of(median(torch)), text_of(ratio, "×"), text_of(median(tuned)), text_of(to_tuned, "×"));
  }

  /// Eight schemes, one epoch of the mlp each, and the test accuracy: whole processes.
  void measure_comparison() {
    if (folder_.empty()) {
      remark("The comparison of whole processes needs Fashion-MNIST: left out.");
      return;
    }
    const std::vector<std::string> schemes = {"default",        "zeros",           "normal(std=0.01)", "xavier_uniform",
                                              "xavier_normal", "kaiming_uniform", "kaiming_normal",   "orthogonal"};
    const auto theirs = [&](const std::string& threads, std::ptrdiff_t first, std::ptrdiff_t last) {
      return torch(Command{"compare", threads, "1", folder_} + Command(schemes.begin() + first, schemes.begin() + last));
    };
    Samples ours, one, two, mixed, both;
    for (int pair = 0; pair < whole_pairs(); ++pair) {
      ours.push_back(run_together({comparison(schemes, 2)}));
      if (ours.back() < 0) fail("fanin compare failed");
      if (!has_torch_) continue;
      one.push_back(run_together({theirs("1", 0, 8)}));
      two.push_back(run_together({theirs("2", 0, 8)}));
      mixed.push_back(run_together({theirs("1/2", 0, 8)}));
      both.push_back(run_together({theirs("1", 0, 4), theirs("1", 4, 8)}));
    }
    const auto rate = [](Samples seconds) {
      for (double& s : seconds) s = 8 * 60'000 / s;
      return seconds;
    };
    const Samples best = std::min({one, two, mixed, both}, by_median);
    add({.workload = "comparison", .batch = 64, .threads = 2, .fanin = rate(ours), .torch = rate(best)});
    remark(fmt::format("Comparison: eight schemes, one epoch of the mlp each and the test accuracy, wall time of the whole process: "
                       "fanin {}; PyTorch {} with 1 thread, {} with 2, {} with 1 and OpenBLAS's 2, {} as 2 processes.",
                       text_of(median(ours), " s"), text_of(median(one), " s"), text_of(median(two), " s"), text_of(median(mixed), " s"), text_of(median(both), " s")));
  }

  void measure_initializers() {
    std::vector<std::vector<std::string>> rows = {{"scheme", "shape", "fanin", "PyTorch", "ratio"}};
    struct Draw {
      const char* scheme;
      Index rows, columns;
    };
    for (const auto& [scheme, height, width] : {Draw{"uniform", 1000, 1000}, Draw{"normal", 1000, 1000}, Draw{"trunc_normal", 1000, 1000},
                                                Draw{"orthogonal", 1024, 1024}, Draw{"sparse(sparsity=0.9)", 1024, 1024}}) {
      const Command draw = {"init", scheme, std::to_string(height), std::to_string(width), length()};
      Child ours(Command{beside("fanin_bench")} + draw);
      std::unique_ptr<Child> theirs;
      if (has_torch_) theirs = std::make_unique<Child>(torch(draw));
      Samples f, t;
      for (int pair = 0; pair < options_.pairs; ++pair) {
        f.push_back(ours.ask());
        if (theirs) t.push_back(theirs->ask());
      }
      rows.push_back({scheme, fmt::format("{}×{}", height, width), text_of(median(f)), text_of(median(t)), text_of(median_ratio(t, f), "×")});
    }
    section("Initializers: nanoseconds an element, 1 thread", rows);
  }

  void measure_memory() {
    if (folder_.empty()) return;
    const Usage ours = run_to_end({beside("fanin"), "train", "--model", "mlp", "--epochs", "1"});
    const auto peak = [](const Usage& usage) { return usage.status == 0 ? Figure(usage.peak_mb) : Figure(); };
    section("Peak memory, MB", {{"what", "fanin", "PyTorch"},
                                {"train the mlp for an epoch", text_of(peak(ours)),
                                 text_of(has_torch_ ? peak(run_to_end(torch({"memory", folder_}))) : Figure())},
                                {"start and end (--help; import torch)", text_of(peak(run_to_end({beside("fanin"), "--help"}))),
                                 text_of(has_torch_ ? peak(run_to_end(torch({"import"}))) : Figure())}});
  }

  void measure_startup() {
    Samples ours, theirs;
    for (int i = 0; i < 20; ++i) ours.push_back(1e3 * run_to_end({beside("fanin"), "--help"}).seconds);
    for (int i = 0; has_torch_ && i < whole_pairs(); ++i) theirs.push_back(1e3 * run_to_end(torch({"import"})).seconds);
    section("Start, ms of wall time", {{"fanin --help", "import torch"}, {text_of(median(ours)), text_of(median(theirs))}});
  }

  void measure_scaling() {
    std::vector<std::vector<std::string>> rows = {{"training samples", "microseconds a sample"}};
    for (const Index count : {Index{1'000}, Index{10'000}, Index{60'000}}) {
      Child child(fanin(workload_named("mlp"), 64, 1) + Command{"--count", std::to_string(count)});
      Samples costs;
      for (int i = 0; i < options_.pairs; ++i) costs.push_back(1e6 / child.ask());
      rows.push_back({std::to_string(count), text_of(median(costs))});
    }
    section("Cost of a sample by the size of the data set: mlp, batch 64, 1 thread", rows);
    if (folder_.empty()) return;
    const std::vector<std::string> schemes = {"default", "xavier_uniform", "kaiming_normal", "orthogonal"};
    Samples one, two;
    for (int i = 0; i < whole_pairs(); ++i) {
      one.push_back(run_together({comparison(schemes, 1)}));
      two.push_back(run_together({comparison(schemes, 2)}));
    }
    section("Four runs of a comparison, seconds of wall time", {{"1 job", "2 jobs", "ratio"},
                                                                {text_of(median(one)), text_of(median(two)), text_of(median_ratio(one, two), "×")}});
  }

  Command torch(const Command& arguments) const { return Command{options_.python, options_.peers + "/peer_torch.py"} + arguments; }
  Command torch_training(const Workload& workload, Index batch, const std::string& threads) const {
    return torch({"train", workload.name, std::to_string(batch), threads, length(), folder_});
  }
  Command fanin(const Workload& workload, Index batch, int threads) const {
    return {beside("fanin_bench"), "train",  workload.name, "--batch", std::to_string(batch), "--threads", std::to_string(threads),
            "--seconds",           length(), "--data",      data_,     "--serve"};
  }
  Command comparison(const std::vector<std::string>& schemes, int jobs) const {
    const std::string out = options_.out + "/comparison";
    fs::remove_all(out);  // or finished runs would be kept from before
    std::string list;
    for (const auto& one : schemes) list += (list.empty() ? "" : "; ") + one;
    return {beside("fanin"), "compare",     "--models", "mlp",    "--schemes", list,  "--seeds", "1", "--epochs", "1", "--jobs",
            std::to_string(jobs), "--threshold", "0",        "--out",  out};
  }

  /// A program built along with this one.
  static std::string beside(const std::string& name) { return (fs::read_symlink("/proc/self/exe").parent_path() / name).string(); }
  std::string length() const { return fmt::format("{}", options_.seconds); }
  int whole_pairs() const { return options_.quick ? 1 : options_.pairs; }
  bool wanted(const std::string& name) const { return options_.only.empty() || options_.only == name; }
  void remark(const std::string& text) { remarks_.push_back(text); }

  void section(const std::string& title, const std::vector<std::vector<std::string>>& rows) {
    const std::string text = "\n" + title + "\n\n" + markdown(rows);
    fmt::print("{}", text);
    std::fflush(stdout);
    report_ += text;
  }
  void save(const char* name, const std::string& text) const {
    write_atomically(options_.out + "/" + name, [&text](AtomicWriter& file) { file.write(text); });
  }

  TableOptions options_;
  std::string folder_ = options_.folder, data_ = "fashion-mnist";
  bool has_torch_ = false, has_libtorch_ = false;
  Samples rates_;
  Json results_ = Json::array();
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::string> remarks_;
  std::string report_;
};

}  // namespace

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
    fail_usage("--only: unknown '{}'{}; known are {}", options.only, suggest(options.only, known), sections());
  TableOptions chosen = options;
  if (chosen.quick) chosen.pairs = 1, chosen.seconds = 0.2;
  Table(chosen).run();
}

}  // namespace fanin::bench
