#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/probe/probe_text.hpp>

namespace fanin::program {

/// What both validations of `fanin probe` take.
struct ValidationOptions {
  std::string data;
  int seeds = 1;           ///< runs a pair,
  std::uint64_t seed = 0;  ///< the first of them with this seed
  double lr = 0.1;
  int threads = 2;
  bool only_held_out = false;  ///< of the pairs, not of the plans
  bool json = false;
};

/// Trains the pairs of `tried_models` for real and prints how often the probe's verdict was right: for the
/// half that its thresholds come from, for the held-out half, and for all.
void validate_probe(const ValidationOptions& options);

/// For a dozen models, trains every scheme that `fanin probe` tries by itself, and prints where the one it
/// recommends ended among them: rank, and the gap to the best with its standard error over the seeds.
void validate_plan(const ValidationOptions& options);

/// The model drawn anew by `scheme`, a name or a {plan}, and what the probe says of it; the weights stay.
probe::Probed probe_scheme(nn::Module& model, const std::string& scheme, const data::Batch& batch,
                           std::uint64_t seed, double lr);
/// The schemes of interest for a model: the usual good and bad ones, and those made for its activation.
std::vector<std::string> usual_schemes(nn::Module& model);

/// What the validations train on: the first 3200 images of the training set and 1000 of the test set.
datasets::Splits validation_splits(const std::string& data);
/// Test accuracy after 10 epochs of plain SGD in batches of 32; 0 for a run that diverges.
double accuracy_after_training(nn::Module& model, const datasets::Splits& data, std::uint64_t seed,
                               double lr);
/// Calls `work(i)` for every i below `count` on some threads, and `done(i)` in that order as soon as all up
/// to i are.
void run_in_order(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                  const std::function<void(std::size_t)>& done);

}  // namespace fanin::program
