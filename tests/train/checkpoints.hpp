#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/trainer.hpp>

/// Small runs that save checkpoints, and what lies in a folder of these.
namespace checkpoints {

using namespace fanin;
namespace fs = std::filesystem;
using train::TrainOptions;
using train::TrainResult;

inline const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=120)");
  return splits;
}

inline nn::ModulePtr born(const std::string& text, std::uint64_t seed = 0) {
  const auto model = models::build(text, {});
  Generator generator(seed);
  start::initialize(*model, generator);
  return model;
}

inline TrainResult trained(nn::Module& model, const TrainOptions& options) {
  return train::fit(model, samples(), options);
}

inline std::vector<std::vector<real>> state(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& [name, tensor] : model.state_dict()) all.push_back(tensor.to_vector());
  return all;
}

inline std::vector<std::string> names(const std::string& folder) {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path().filename().string());
  std::sort(all.begin(), all.end());
  return all;
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Runs with the checkpoints in `folder` until `stop_at` steps are done in all, from a model newly made.
inline TrainResult run_until(Index stop_at, const std::string& model_text, TrainOptions options,
                             const std::string& folder, std::vector<std::vector<real>>& weights) {
  const auto model = born(model_text, fs::exists(folder) ? 1 : 0);  // on resume all comes from the checkpoint
  options.checkpoint.folder = folder;
  options.checkpoint.resume = true;
  Index done = -1;
  options.on_step = [&done](Index step, double) { done = step + 1; };
  options.stop = [&done, stop_at] { return done >= stop_at; };
  TrainResult result = trained(*model, options);
  weights = state(*model);
  return result;
}

inline TrainOptions plain(int epochs = 2) {
  return {.epochs = epochs, .batch = 25, .seed = 5, .optimizer = {.lr = 0.05}};
}

}  // namespace checkpoints
