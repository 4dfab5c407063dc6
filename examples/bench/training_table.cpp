#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/error.hpp>

#include "examples/bench/sections.hpp"

namespace fanin::bench {
namespace {

using Json = nlohmann::ordered_json;
using Peers = std::vector<std::unique_ptr<Child>>;

/// PyTorch's threads and OpenBLAS's; the first row of the table has one of each, the second the best of all
/// three.
const std::vector<std::string> torch_threads = {"1", "2", "1/2"};

Json json_of(Figure figure) { return figure ? Json(*figure) : Json(nullptr); }

}  // namespace

void TrainingTable::measure(const Workload& workload) {
  for (const Index batch : workload.batches) {
    Child fanin1(bench_.fanin(workload, batch, 1)), fanin2(bench_.fanin(workload, batch, 2));
    Child sgemm({bench_.beside("fanin_bench"), "sgemm", "--serve", "--seconds",
                 fmt::format("{}", 0.1 * bench_.options.seconds)});
    Peers torch(bench_.has_torch ? torch_threads.size() : 0), tuned(torch.size());
    for (std::size_t i = 0; i < torch.size(); ++i) {
      torch[i] = std::make_unique<Child>(bench_.torch_training(workload, batch, torch_threads[i]));
      tuned[i] = std::make_unique<Child>(keeping_its_heap +
                                         bench_.torch_training(workload, batch, torch_threads[i]));
    }
    Samples f1, f2, rate;
    std::vector<Samples> t(torch_threads.size()), k(torch_threads.size());
    const auto ask = [](Peers& peers, std::size_t i, std::vector<Samples>& into) {
      if (!peers.empty()) into[i].push_back(peers[i]->ask());
    };
    for (int pair = 0; pair < bench_.options.pairs; ++pair) {
      f1.push_back(fanin1.ask());
      ask(torch, 0, t), ask(tuned, 0, k);
      f2.push_back(fanin2.ask());
      for (std::size_t i = 1; i < torch.size(); ++i) ask(torch, i, t), ask(tuned, i, k);
      rate.push_back(sgemm.ask());
    }
    rates_.insert(rates_.end(), rate.begin(), rate.end());
    const double limit = *median(rate) * 1e9 / flops_per_sample(workload.name);
    const auto best = [](const std::vector<Samples>& all) {
      return *std::max_element(all.begin(), all.end(), by_median);
    };
    add({.workload = workload.name,
         .batch = batch,
         .threads = 1,
         .fanin = f1,
         .torch = t[0],
         .tuned = k[0],
         .limit = limit});
    add({.workload = workload.name,
         .batch = batch,
         .threads = 2,
         .fanin = f2,
         .torch = best(t),
         .tuned = best(k),
         .limit = 2 * limit});
  }
}

void TrainingTable::add(Row row) {
  note("{} {} × {} threads: {} samples/s; PyTorch {} ({}), heap kept {} ({})\n", row.workload, row.batch,
       row.threads, text_of(median(row.fanin)), text_of(median(row.torch)), text_of(row.ratio(), "×"),
       text_of(median(row.tuned)), text_of(row.ratio_to_tuned(), "×"));
  rows_.push_back(std::move(row));
}

/// Eight schemes, one epoch of the mlp each, and the test accuracy: whole processes.
void TrainingTable::measure_comparison() {
  if (bench_.folder.empty()) {
    bench_.remark("The comparison of whole processes needs Fashion-MNIST: left out.");
    return;
  }
  const std::vector<std::string> schemes = {"default",        "zeros",         "normal(std=0.01)",
                                            "xavier_uniform", "xavier_normal", "kaiming_uniform",
                                            "kaiming_normal", "orthogonal"};
  const auto theirs = [&](const std::string& threads, std::ptrdiff_t first, std::ptrdiff_t last) {
    return bench_.torch(Command{"compare", threads, "1", bench_.folder} +
                        Command(schemes.begin() + first, schemes.begin() + last));
  };
  Samples ours, one, two, mixed, both;
  for (int pair = 0; pair < bench_.whole_pairs(); ++pair) {
    ours.push_back(run_together({bench_.comparison(schemes, 2)}));
    if (ours.back() < 0) fail("fanin compare failed");
    if (!bench_.has_torch) continue;
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
  bench_.remark(fmt::format(
      "Comparison: eight schemes, one epoch of the mlp each and the test accuracy, wall time of the whole "
      "process: fanin {}; PyTorch {} with 1 thread, {} with 2, {} with 1 and OpenBLAS's 2, {} as 2 "
      "processes.",
      text_of(median(ours), " s"), text_of(median(one), " s"), text_of(median(two), " s"),
      text_of(median(mixed), " s"), text_of(median(both), " s")));
}

void TrainingTable::finish() {
  if (rows_.empty()) return;
  std::vector<std::vector<std::string>> table = {
      {"workload", "batch", "threads", "fanin", "PyTorch", "ratio", "heap kept", "ratio", "limit"}};
  for (const Row& row : rows_) {
    table.push_back({row.workload, std::to_string(row.batch), std::to_string(row.threads),
                     text_of(median(row.fanin)), text_of(median(row.torch)), text_of(row.ratio(), "×"),
                     text_of(median(row.tuned)), text_of(row.ratio_to_tuned(), "×"), text_of(row.limit)});
  }
  bench_.section(
      fmt::format("Training: samples/s, {} measures of each side in turn, medians. Ratio: the median over "
                  "the pairs. With 2 threads, PyTorch's\n"
                  "best of 1, 2, and 1 with OpenBLAS's 2. Heap kept: PyTorch with glibc's malloc told to "
                  "give no memory back, which it does by\n"
                  "itself in some processes and not in others. Limit: the step's matrix products and "
                  "convolutions at {} GFLOP/s a thread, OpenBLAS's sgemm of 512³ here.",
                  bench_.options.pairs, text_of(median(rates_))),
      table);
}

std::string TrainingTable::json() const {
  Json all = Json::array();
  for (const Row& row : rows_) {
    all.push_back({{"workload", row.workload},
                   {"batch", row.batch},
                   {"threads", row.threads},
                   {"fanin", json_of(median(row.fanin))},
                   {"torch", json_of(median(row.torch))},
                   {"ratio", json_of(row.ratio())},
                   {"limit", json_of(row.limit)},
                   {"torch_keeping_heap", json_of(median(row.tuned))},
                   {"ratio_keeping_heap", json_of(row.ratio_to_tuned())}});
  }
  return all.dump(2) + "\n";
}

}  // namespace fanin::bench
