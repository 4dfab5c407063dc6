#include <fmt/core.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>

#include "examples/bench/sections.hpp"

namespace fanin::bench {
namespace {

using Json = nlohmann::ordered_json;

/// PyTorch's threads and OpenBLAS's; the first row of the table has one of each, the second the best of all
/// three.
const std::vector<std::string> torch_threads = {"1", "2", "1/2"};

Json json_of(Figure figure) { return figure ? Json(*figure) : Json(nullptr); }

}  // namespace

void TrainingTable::measure(const Workload& workload) {
  for (const Index batch : workload.batches) {
    Contender fanin1(bench_.fanin(workload, batch, 1)), fanin2(bench_.fanin(workload, batch, 2));
    Child sgemm(unpinned + Command{bench_.beside("fanin_bench"), "sgemm", "--serve", "--seconds",
                                   fmt::format("{}", 0.1 * bench_.options.seconds)});
    // As installed, and with its heap kept; each with the three ways to have threads.
    std::vector<Contender> torch(torch_threads.size()), tuned(torch_threads.size());
    for (std::size_t i = 0; bench_.has_torch && i < torch.size(); ++i) {
      const Command command = bench_.torch_training(workload, batch, torch_threads[i]);
      torch[i] = Contender(command);
      tuned[i] = Contender(keeping_its_heap + command);
    }
    Samples rate;
    for (int pair = 0; pair < bench_.options.pairs; ++pair) {
      fanin1.measure();
      torch[0].measure(), tuned[0].measure();
      fanin2.measure();
      for (std::size_t i = 1; i < torch.size(); ++i) torch[i].measure(), tuned[i].measure();
      rate.push_back(sgemm.ask());
    }
    fanin1.finish();
    for (auto* side : {&torch, &tuned}) {
      for (std::size_t i = 0; i < side->size(); ++i) {
        Contender& one = (*side)[i];
        one.finish();
        const std::string what =
            fmt::format("PyTorch ({} threads) at {} {}", torch_threads[i], workload.name, batch);
        if (!bench_.learned(what, one, fanin1)) one.rates.clear();
      }
    }
    rates_.insert(rates_.end(), rate.begin(), rate.end());
    const double limit = *median(rate) * 1e9 / flops_per_sample(workload.name);
    const auto best = [](const std::vector<Contender>& all) {
      const auto slower = [](const Contender& a, const Contender& b) { return by_median(a.rates, b.rates); };
      return std::max_element(all.begin(), all.end(), slower)->rates;
    };
    add({.workload = workload.name,
         .batch = batch,
         .threads = 1,
         .fanin = fanin1.rates,
         .torch = torch[0].rates,
         .tuned = tuned[0].rates,
         .limit = limit});
    add({.workload = workload.name,
         .batch = batch,
         .threads = 2,
         .fanin = fanin2.rates,
         .torch = best(torch),
         .tuned = best(tuned),
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
      fmt::format(
          "Training: samples/s, {} measures of each side in turn, medians. Ratio: the median over "
          "the pairs. With 2 threads, PyTorch's\n"
          "best of 1, 2, and 1 with OpenBLAS's 2. Heap kept: PyTorch with glibc's malloc told to "
          "give no memory back, which it does by\n"
          "itself in some processes and not in others. Limit: the step's matrix products and "
          "convolutions at {} GFLOP/s a thread, the best of OpenBLAS's sgemm here. PyTorch's OpenBLAS and "
          "the yardstick's run without\nOPENBLAS_CORETYPE and OPENBLAS_L2_SIZE.",
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
