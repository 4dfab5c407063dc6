#include "examples/bench/workloads.hpp"

#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/datasets.hpp>
#include <fanin/init/init.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

data::Dataset data_of(const TrainingRun& run) {
  data::Dataset data = datasets::load_dataset(run.data, datasets::Split::train);
  return run.count > 0 && run.count < data.count ? data.take(run.count) : data;
}

}  // namespace

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {
      {"mlp", "mlp(hidden=256-128)", {64, 1, 512}},
      {"lenet", "lenet", {64}},
      {"conv_net", "conv_net(channels=32-64, hidden=128)", {64}},
      {"plain_net", "plain_net(depth=20, width=256, activation=tanh)", {128}},
  };
  return all;
}

const Workload& workload_named(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& one : workloads()) {
    if (one.name == name) return one;
    known.push_back(one.name);
  }
  fail_usage("unknown workload '{}'{}", name, suggest(name, known));
}

struct Training::Parts {
  data::Dataset data;
  nn::ModulePtr model;
  data::Loader loader;
  optim::Optimizer optimizer;
  data::Batch batch;

  explicit Parts(const TrainingRun& run)
      : data(data_of(run)),
        model(drawn(run, data)),
        loader(data, {.batch = run.batch, .shuffle = true}, Generator(derive_seed(0, "shuffle"))),
        optimizer(*model, {.lr = run.batch < 16 ? 0.005 : 0.1}) {  // 0.1 sample by sample goes astray
    model->train();
  }

  static nn::ModulePtr drawn(const TrainingRun& run, const data::Dataset& data) {
    auto model = models::build(workload_named(run.workload).model, models::input_of(data));
    Generator generator(0);
    start::initialize(*model, generator);
    return model;
  }

  /// One update; how many samples it saw.
  Index step() {
    while (!loader.next(batch)) {
    }
    optimizer.zero_grad();
    optimizer.step_from(ops::cross_entropy((*model)(batch.images), batch.labels));
    return batch.size();
  }
};

Training::Training(const TrainingRun& run) {
  if (!(run.seconds > 0)) fail_usage("seconds must be positive, got {}", run.seconds);
  set_threads(run.threads);
  parts_ = std::make_unique<Parts>(run);
}
Training::~Training() = default;

double Training::measure(double seconds) {
  Index samples = 0;
  const auto start = Clock::now();
  double elapsed = 0;
  while (elapsed < seconds) {
    samples += parts_->step();
    elapsed = seconds_since(start);
  }
  return static_cast<double>(samples) / elapsed;
}

double Training::most_gain(int threads) {
  constexpr int steps = 15;
  std::vector<double> gains;
  for (int i = 0; i < steps; ++i) {
    const CutAsFor cut(threads);
    const auto start = Clock::now();
    parts_->step();
    const double alone = seconds_since(start);
    double together = alone;
    for (const auto& call : cut.calls()) {
      const Index rounds = (call.pieces + threads - 1) / threads;
      if (call.pieces > 0)
        together -= call.seconds * (1 - static_cast<double>(rounds) / static_cast<double>(call.pieces));
    }
    gains.push_back(alone / together);
  }
  std::nth_element(gains.begin(), gains.begin() + steps / 2, gains.end());
  return gains[steps / 2];
}

double Training::loss() const {
  const NoGrad guard;
  const data::Batch batch = data::first_batch(parts_->data, std::min<Index>(256, parts_->data.count));
  return ops::cross_entropy((*parts_->model)(batch.images), batch.labels).item();
}

std::string openblas_kernels() { return fmt::format("OpenBLAS {}", openblas_get_corename()); }

double flops_per_sample(const std::string& workload) {
  const models::InputSpec input;
  const auto model = models::build(workload_named(workload).model, input);
  Generator generator(0);
  start::initialize(*model, generator);
  double flops = 0;
  bool first = true;
  const NoGrad guard;
  const nn::Observer count([&](nn::Module& layer, const Tensor& output) {
    for (const auto& parameter : layer.own_parameters()) {
      const Tensor& weight = parameter->value;
      if (weight.rank() < 2) continue;
      const Index uses = output.numel() / weight.size(0);  // of each weight: once a pixel, or once
      flops += (first ? 2 : 3) * 2.0 * static_cast<double>(weight.numel() * uses);
      first = false;
    }
  });
  (*model)(Tensor::zeros({1, input.channels, input.height, input.width}));
  return flops;
}

namespace {

double sgemm_rate_of(int size, int threads, double seconds) {
  openblas_set_num_threads(1);
  const auto stream = [size, seconds](double* rate) {
    const auto numbers = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
    std::vector<float> a(numbers, 0.5f), b(numbers, 0.25f), c(numbers);
    const auto multiply = [&] {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a.data(), size, b.data(),
                  size, 0, c.data(), size);
    };
    multiply();
    Index products = 0;
    const auto start = Clock::now();
    double elapsed = 0;
    while (elapsed < seconds) {
      multiply();
      ++products;
      elapsed = seconds_since(start);
    }
    *rate = 2e-9 * size * static_cast<double>(numbers) * static_cast<double>(products) / elapsed;
  };
  std::vector<double> rates(static_cast<std::size_t>(threads));
  std::vector<std::thread> streams;
  streams.reserve(rates.size());
  for (auto& rate : rates) streams.emplace_back(stream, &rate);
  for (auto& one : streams) one.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

}  // namespace

double sgemm_rate(int threads, double seconds) {
  return std::max(sgemm_rate_of(512, threads, seconds / 2), sgemm_rate_of(1024, threads, seconds / 2));
}

double initializer_cost(const std::string& scheme, Index rows, Index columns, double seconds) {
  const auto initializer = init::parse(scheme);
  Tensor w({rows, columns});
  Generator generator(0);
  double best = HUGE_VAL;
  for (const auto start = Clock::now(); best == HUGE_VAL || seconds_since(start) < seconds;) {
    const auto begin = Clock::now();
    initializer.fill(w, generator);
    best = std::min(best, seconds_since(begin));
  }
  return best * 1e9 / static_cast<double>(w.numel());
}

}  // namespace fanin::bench
