#include <fmt/format.h>

#include <iostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>

#include "examples/bench/table.hpp"
#include "examples/bench/workloads.hpp"
#include "examples/guarded.hpp"

using namespace fanin;

namespace {

/// One number for each line of stdin: how the table asks for measures in turn, and for the `loss`.
template <class Measure, class Loss>
void serve(const Measure& measure, const Loss& loss) {
  for (std::string line; std::getline(std::cin, line);) {
    say("{}\n", line == "loss" ? loss() : measure());
    flush_output();
  }
}
template <class Measure>
void serve(const Measure& measure) {
  serve(measure, measure);
}

void add_table(CLI::App& app, bench::TableOptions& table) {
  app.add_flag("--quick", table.quick, "one short measure each: a smoke test");
  app.add_option("--only", table.only, "measure only this: " + bench::sections());
  app.add_option("--pairs", table.pairs, "measures of each side, taken in turn")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--seconds", table.seconds, "length of one measure")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 600.0));
  app.add_option("--python", table.python, "an interpreter that has PyTorch")->capture_default_str();
  app.add_option("--folder", table.folder, "Fashion-MNIST's IDX files")->capture_default_str();
  app.add_option("--peers", table.peers, "where peer_torch.py is")->capture_default_str();
  app.add_option("--out", table.out, "folder for results.json and bench.md")->capture_default_str();
}

void add_train(CLI::App& app, bench::TrainingRun& run, bool& serving) {
  CLI::App* command =
      app.add_subcommand("train", "Train one workload and print its samples/s as a line of JSON");
  command->add_option("workload", run.workload, "mlp, lenet, conv_net or plain_net")->required();
  command->add_option("--batch", run.batch, "samples a step")->capture_default_str();
  command->add_option("--threads", run.threads, "of the run")->capture_default_str();
  command->add_option("--seconds", run.seconds, "length of the measure")->capture_default_str();
  command->add_option("--data", run.data, "data set")->capture_default_str();
  command->add_option("--count", run.count, "use only so many training samples");
  command->add_flag("--serve", serving, "a number for each line of stdin");
  command->callback([&] {
    bench::Training training(run);
    bool warm = false;
    const auto measure = [&] {
      if (!std::exchange(warm, true)) training.measure(std::min(0.5, run.seconds));
      return training.measure(run.seconds);
    };
    if (serving) return serve(measure, [&] { return training.loss(); });
    const nlohmann::ordered_json result = {{"workload", run.workload},
                                           {"batch", run.batch},
                                           {"threads", run.threads},
                                           {"samples_per_s", measure()}};
    say("{}\n", result.dump());
  });
}

struct Draw {
  std::string scheme;
  Index rows = 0, columns = 0;
  double seconds = 1;
};

void add_init(CLI::App& app, Draw& draw) {
  CLI::App* command =
      app.add_subcommand("init", "Nanoseconds an element of an initializer, a number for each line of stdin");
  command->add_option("scheme", draw.scheme, "its text")->required();
  command->add_option("rows", draw.rows, "of the tensor")->required()->check(CLI::Range(1, 1 << 15));
  command->add_option("columns", draw.columns, "of the tensor")->required()->check(CLI::Range(1, 1 << 15));
  command->add_option("seconds", draw.seconds, "length of a measure")->required();
  command->callback([&] {
    serve([&] { return bench::initializer_cost(draw.scheme, draw.rows, draw.columns, draw.seconds); });
  });
}

void add_sgemm(CLI::App& app, bench::TrainingRun& run, bool& serving) {
  CLI::App* command = app.add_subcommand(
      "sgemm", "GFLOP/s of OpenBLAS's sgemm, and the samples/s it would allow each workload");
  command->add_option("--threads", run.threads, "streams of products at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--seconds", run.seconds, "length of the measure")->capture_default_str();
  command->add_flag("--serve", serving, "a rate for each line of stdin");
  command->callback([&] {
    if (serving) return serve([&] { return bench::sgemm_rate(run.threads, run.seconds); });
    const double rate = bench::sgemm_rate(run.threads, run.seconds);
    nlohmann::ordered_json result = {{"threads", run.threads}, {"gflops", rate}};
    for (const auto& one : bench::workloads())
      result[one.name] = rate * 1e9 / bench::flops_per_sample(one.name);
    say("{}\n", result.dump());
  });
}

void add_cores(CLI::App& app, bench::TrainingRun& run) {
  CLI::App* command = app.add_subcommand(
      "cores", "How many times as fast more threads could be at best, by how the work is cut");
  command->add_option("--data", run.data, "data set")->capture_default_str();
  command->callback([&] {
    const std::vector<int> threads = {2, 4, 8, 16, 32, 64};
    say("| workload |");
    for (const int count : threads) say(" {} |", count);
    say("\n| --- |{}\n", fmt::join(std::vector<std::string>(threads.size(), " --- |"), ""));
    for (const auto& workload : bench::workloads()) {
      for (const Index batch : workload.batches) {
        run.workload = workload.name;
        run.batch = batch;
        run.threads = 1;
        bench::Training training(run);
        training.measure(0.2);
        say("| {} b{} |", workload.name, batch);
        for (const int count : threads) say(" {:.1f} |", training.most_gain(count));
        say("\n");
      }
    }
  });
}

constexpr const char* about =
    "Measures fanin against PyTorch, in turn, and prints how they compare.\n\n"
    "Examples:\n"
    "  fanin_bench                       everything (make bench)\n"
    "  fanin_bench --only lenet --pairs 9\n"
    "  fanin_bench train mlp --batch 64 --threads 2 --seconds 5\n"
    "  fanin_bench sgemm --threads 2";

}  // namespace

int main(int argc, char** argv) {
  return guarded("fanin_bench", about, [&](CLI::App& app) {
    bench::TableOptions table;
    bench::TrainingRun run;
    Draw draw;
    bool serving = false;
    app.require_subcommand(0, 1);
    add_table(app, table);
    add_train(app, run, serving);
    add_init(app, draw);
    add_sgemm(app, run, serving);
    add_cores(app, run);
    app.add_subcommand("about", "Which kernels OpenBLAS chose here")->callback([] {
      say("{}\n", bench::openblas_kernels());
    });
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) bench::run_table(table);
    return 0;
  });
}
