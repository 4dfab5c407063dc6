#pragma once
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include <fanin/data/loader.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/compare/rank_threads.hpp"

/// Models, batches and trainings whose batches are cut into shards.
namespace shards {

using namespace fanin;

inline const data::Sets& samples() {
  static const data::Sets sets = datasets::load_sets("synthetic(count=90, classes=3, size=8)");
  return sets;
}

inline nn::ModulePtr model_of(const std::string& text) {
  const data::Dataset& data = samples().training;
  auto model = models::build(text, models::input_of(data));
  Generator generator(1);
  start::initialize(*model, init::Plan::parse("default"), generator);
  return model;
}

inline data::Batch batch_of(Index count) { return data::first_batch(samples().training, count); }

inline std::vector<real> gradients_of(nn::Module& model) {
  std::vector<real> all;
  for (auto& one : model.named_parameters()) {
    REQUIRE(one.parameter->value.grad().defined());
    const auto values = one.parameter->value.grad().to_vector();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

inline std::vector<real> state_of(nn::Module& model) {
  std::vector<real> all;
  for (const auto& entry : model.state_dict()) {
    const auto values = entry.second.to_vector();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

constexpr const char* batch_norm_and_dropout = "mlp(hidden=16-8, batch_norm=true, dropout=0.3)";

/// A run of two epochs by so many ranks, which are threads here; all weights and statistics of each.
inline std::vector<std::vector<real>> trained(int count, Index shards,
                                              const std::string& text = batch_norm_and_dropout,
                                              bool sync = false) {
  RankThreads threads(count);
  std::vector<std::vector<real>> states(static_cast<std::size_t>(count));
  std::vector<std::thread> team;
  for (int rank = 0; rank < count; ++rank) {
    team.emplace_back([&, rank] {
      const RankGroup ranks = threads.of(rank);
      const auto model = model_of(text);
      train::TrainOptions options{
          .epochs = 2, .batch = 24, .shards = shards, .sync_batch_norm = sync, .ranks = &ranks};
      train::fit(*model, samples(), options);
      states[static_cast<std::size_t>(rank)] = state_of(*model);
    });
  }
  for (auto& one : team) one.join();
  return states;
}

}  // namespace shards
