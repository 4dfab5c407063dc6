#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fanin/compare/grid.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>

/// A grid of mlp(hidden=16) in batches of 20, drawn by plans alone.
inline fanin::compare::Grid small_grid(std::vector<fanin::compare::Scheme> schemes,
                                       std::vector<std::uint64_t> seeds, int epochs) {
  using namespace fanin;
  compare::Grid made;
  made.models = {"mlp(hidden=16)"};
  made.schemes = std::move(schemes);
  made.seeds = std::move(seeds);
  made.training = {.epochs = epochs, .batch = 20};
  made.build = [](const std::string& text) { return models::build(text, {}); };
  made.initialize = [](nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                       const data::Dataset&) {
    Generator generator(seed);
    std::string plan;
    for (const auto& one : start::initialize(model, *scheme.start.plan(), generator))
      plan += one.name + "=" + one.scheme + ";";
    return plan;
  };
  return made;
}
