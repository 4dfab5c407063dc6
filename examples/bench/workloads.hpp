#pragma once
#include <memory>
#include <string>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin::bench {

/// A network to train, at the batch sizes of the table.
struct Workload {
  std::string name, model;  ///< `model` is a text that models::build takes
  std::vector<Index> batches;
};
const std::vector<Workload>& workloads();
/// Error (usage) with the nearest names.
const Workload& workload_named(const std::string& name);

struct TrainingRun {
  std::string workload = "mlp";
  Index batch = 64;
  int threads = 1;
  double seconds = 1.5;
  std::string data = "fashion-mnist";  ///< text of a data set
  Index count = 0;                     ///< use the first so many samples; 0: all
};

/// Trains as the trainer does (shuffled gather, forward, cross-entropy, backward, SGD with rate 0.1) and
/// measures.
class Training {
 public:
  explicit Training(const TrainingRun& run);
  ~Training();
  /// Samples a second over at least `seconds` (and one step).
  double measure(double seconds);
  /// How many times as fast `threads` threads could make a step at best: from how its kernels cut their work for
  /// so many, and the time that one thread takes for each cut. What handing out and memory cost is not in it.
  double most_gain(int threads);
  /// The loss of the first 256 samples with the weights as they are.
  double loss() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Floating-point operations of one sample's matrix products and convolutions in a training step: forward,
/// gradient of the weights, and, but for the first layer, gradient of the input.
double flops_per_sample(const std::string& workload);

/// GFLOP/s of OpenBLAS's sgemm, one stream of products on each of `threads` threads: the best of 512³ and 1024³.
double sgemm_rate(int threads, double seconds);

/// "OpenBLAS SkylakeX": which kernels it chose in this process.
std::string openblas_kernels();

/// Nanoseconds an element takes when `scheme` draws a tensor of rows × columns, the best of the draws made in
/// `seconds`.
double initializer_cost(const std::string& scheme, Index rows, Index columns, double seconds);

}  // namespace fanin::bench
