#pragma once
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/nn/module.hpp>
#include <fanin/start/forecast.hpp>

namespace fanin::program {

/// What `fanin plan` says of the signal: every op's second moment, predicted and measured, and what depth does.
struct PlanSignal {
  std::string batch;                   ///< that was measured on: "64 samples of white noise"
  std::vector<start::OpForecast> ops;  ///< in the order in which they run
};

/// On a batch of the data set `data`, whose moments the prediction starts from.
PlanSignal signal_on(nn::Module& model, const Tensor& images, const std::string& data);
/// On white noise (mean 0, second moment 1) of `shape`, which is of one sample.
PlanSignal signal_on_noise(nn::Module& model, const Shape& shape);
/// White noise of one sample's `shape`: 2 to 64 samples, as the size allows.
Tensor white_batch(const Shape& shape);

/// The tables, for `fanin plan` to print.
void print_signal(const PlanSignal& signal);
/// `{"batch", "ops", "depth"}`, as the guide describes them.
nlohmann::ordered_json signal_json(const PlanSignal& signal);

}  // namespace fanin::program
