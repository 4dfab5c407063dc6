#include "examples/bench/table.hpp"

#include <fmt/core.h>
#include <stdlib.h>  // getloadavg
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "examples/bench/child.hpp"
#include "examples/bench/workloads.hpp"
#include "framework/core/error.hpp"
#include "framework/io/atomic_file.hpp"

namespace fanin::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Figure = std::optional<double>;
using Samples = std::vector<double>;

const std::vector<std::string> other_sections = {"comparison", "initializers", "memory", "startup", "scaling"};
/// PyTorch's threads and OpenBLAS's; the first row of the table has one of each, the second the best of all three.
const std::vector<std::string> torch_threads = {"1", "2", "1/2"};

Figure median(Samples values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

bool by_median(const Samples& a, const Samples& b) { return median(a) < median(b); }

/// Of measures taken in turn: the median over the pairs, so that a slow minute of the machine weighs on both sides.
Figure median_ratio(const Samples& above, const Samples& below) {
  Samples ratios;
  for (std::size_t i = 0; i < std::min(above.size(), below.size()); ++i) ratios.push_back(above[i] / below[i]);
  return median(ratios);
}

Json json_of(Figure figure) { return figure ? Json(*figure) : Json(nullptr); }

std::string text_of(Figure figure, const char* unit = "") {
  if (!figure) return "–";
  const double v = *figure;
  return (v >= 1000  ? fmt::format("{:.0f}", v)
          : v >= 100 ? fmt::format("{:.1f}", v)
                     : fmt::format("{:.3g}", v)) + unit;
}

/// Rows of text as a Markdown table whose columns line up on a terminal.
std::string markdown(const std::vector<std::vector<std::string>>& rows) {
  const auto letters = [](const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  };
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], letters(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string space(widths[i] - letters(rows[r][i]), ' ');
      text += "| " + (i == 0 ? rows[r][i] + space : space + rows[r][i]) + " ";
    }
    text += "|\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) text += i == 0 ? "| " + std::string(widths[i], '-') + " " : "| " + std::string(widths[i] - 1, '-') + ": ";
    text += "|\n";
  }
  return text;
}

std::string machine() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, model = "unknown CPU";
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  double load[1] = {0};
  getloadavg(load, 1);
  return fmt::format("{}, {} cores, load average {:.1f}", model, std::thread::hardware_concurrency(), load[0]);
}

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
          "best of 1, 2, and 1 with OpenBLAS's 2. Limit: the step's matrix products and convolutions at {} GFLOP/s a thread, OpenBLAS's sgemm of 512³ here.",
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
      std::vector<std::unique_ptr<Child>> peers;
      for (const auto& threads : torch_threads) {
        if (has_torch_) peers.push_back(std::make_unique<Child>(torch_training(workload, batch, threads)));
      }
      std::unique_ptr<Child> cpp1;
      if (has_libtorch_) cpp1 = std::make_unique<Child>(Command{beside("peer_libtorch"), workload.name, std::to_string(batch), "1", length()});
      Samples f1, f2, c1, rate;
      std::vector<Samples> t(torch_threads.size());
      for (int pair = 0; pair < options_.pairs; ++pair) {
        f1.push_back(fanin1.ask());
        if (has_torch_) t[0].push_back(peers[0]->ask());
        f2.push_back(fanin2.ask());
        for (std::size_t i = 1; i < peers.size(); ++i) t[i].push_back(peers[i]->ask());
        if (cpp1) c1.push_back(cpp1->ask());
        rate.push_back(sgemm.ask());
      }
      rates_.insert(rates_.end(), rate.begin(), rate.end());
      const double limit = *median(rate) * 1e9 / flops_per_sample(workload.name);
      add(workload.name, batch, 1, f1, t[0], limit, median(c1));
      add(workload.name, batch, 2, f2, *std::max_element(t.begin(), t.end(), by_median), 2 * limit, {});
    }
  }

  void add(const std::string& workload, Index batch, int threads, const Samples& fanin, const Samples& torch, Figure limit,
           Figure libtorch) {
    const Figure ratio = median_ratio(fanin, torch);
    results_.push_back({{"workload", workload},
                        {"batch", batch},
                        {"threads", threads},
                        {"fanin", json_of(median(fanin))},
                        {"torch", json_of(median(torch))},
                        {"ratio", json_of(ratio)},
                        {"limit", json_of(limit)}});
    if (rows_.empty()) rows_ = {{"workload", "batch", "threads", "fanin", "PyTorch", "ratio", "limit", "PyTorch's C++"}};
    rows_.push_back({workload, std::to_string(batch), std::to_string(threads), text_of(median(fanin)), text_of(median(torch)),
                     text_of(ratio, "×"), text_of(limit), text_of(libtorch)});
    fmt::print(stderr, "{} {} × {} threads: {} / {} samples/s, ratio {}\n", workload, batch, threads, text_of(median(fanin)),
               text_of(median(torch)), text_of(ratio));
  }

  /// Eight schemes, one epoch of the mlp each, and the test accuracy: whole processes.
  void measure_comparison() {
    if (folder_.empty()) {
      remark("The comparison of whole processes needs Fashion-MNIST: left out.");
      return;
    }
    const std::vector<std::string> schemes = {"default",        "zeros",           "normal(std=0.01)", "xavier_uniform",
                                              "xavier_normal", "kaiming_uniform", "kaiming_normal",   "orthogonal"};
    const auto peer = [&](const std::string& threads, std::size_t first, std::size_t last) {
      Command command = torch({"compare", threads, "1", folder_});
      command.insert(command.end(), schemes.begin() + static_cast<std::ptrdiff_t>(first), schemes.begin() + static_cast<std::ptrdiff_t>(last));
      return command;
    };
    Samples ours, one, two, mixed, both;
    for (int pair = 0; pair < whole_pairs(); ++pair) {
      ours.push_back(run_together({comparison(schemes, 2)}));
      if (ours.back() < 0) fail("fanin compare failed");
      if (!has_torch_) continue;
      one.push_back(run_together({peer("1", 0, 8)}));
      two.push_back(run_together({peer("2", 0, 8)}));
      mixed.push_back(run_together({peer("1/2", 0, 8)}));
      both.push_back(run_together({peer("1", 0, 4), peer("1", 4, 8)}));
    }
    const auto rate = [](Samples seconds) {
      for (double& s : seconds) s = 8 * 60'000 / s;
      return seconds;
    };
    const Samples best = std::min({one, two, mixed, both}, by_median);
    add("comparison", 64, 2, rate(ours), rate(best), {}, {});
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
      Command own = draw;
      own.insert(own.begin(), beside("fanin_bench"));
      Child ours(own);
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
      Command command = fanin(workload_named("mlp"), 64, 1);
      command.insert(command.end(), {"--count", std::to_string(count)});
      Child child(command);
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

  Command torch(const Command& arguments) const {
    Command command = {options_.python, options_.peers + "/peer_torch.py"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
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
