#include "examples/probe_validation/known.hpp"

#include <cmath>
#include <fstream>
#include <functional>

#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/schemes.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::probe_validation {
namespace {

using nlohmann::ordered_json;

/// A double as a file tells it again: seven digits, null for NaN and a text for infinities.
ordered_json number(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return nullptr;
  return std::stod(fmt::format("{:.7g}", value));
}

double number(const nlohmann::json& text) {
  if (text.is_null()) return NAN;
  if (text.is_string()) return text == "inf" ? INFINITY : -INFINITY;
  return text.get<double>();
}

/// Calls `visit(name, member)` for every member of it.
void each_member(auto& seen, auto&& visit) {
  visit("steps", seen.steps);
  visit("run_steps", seen.run_steps);
  visit("chance_loss", seen.chance_loss);
  visit("loss_before", seen.loss_before);
  visit("slope_before", seen.slope_before);
  visit("loss_after", seen.loss_after);
  visit("right_after", seen.right_after);
  visit("gradient_most", seen.gradient_most);
  visit("feature_rank", seen.feature_rank);
  visit("loss_pressed", seen.loss_pressed);
  visit("right_pressed", seen.right_pressed);
  visit("slope_pressed", seen.slope_pressed);
  visit("gradient_least", seen.gradient_least);
}

template <class T>
Known<T> read(const std::string& path, const std::function<T(const nlohmann::json&)>& parse) {
  Known<T> known;
  std::ifstream file(path);
  std::string line;
  for (int at = 1; std::getline(file, line); ++at) {
    try {
      const auto one = nlohmann::json::parse(line);
      known[one.at("pair")] = parse(one);
    } catch (const nlohmann::json::exception& e) {
      fail("{}, line {}: not what is known of a pair: {}", path, at, e.what());
    }
  }
  return known;
}

template <class T>
void write(const std::string& path, const Known<T>& known,
           const std::function<void(const T&, ordered_json&)>& tell) {
  io::write_atomically(path, [&](io::AtomicWriter& file) {
    for (const Pair& pair : all_pairs()) {
      const auto at = known.find(pair.key());
      if (at == known.end()) continue;
      ordered_json one = {{"pair", pair.key()},
                          {"activation", pair.activation},
                          {"architecture", pair.architecture},
                          {"round", pair.round}};
      tell(at->second, one);
      file.write(one.dump() + "\n");
    }
  });
}

/// The pair's model, drawn, with what it is probed and fitted with.
nn::ModulePtr drawn(const Pair& pair, const data::Dataset& data, const probe::ProbeSetup& setup) {
  auto model = build(pair, models::input_of(data));
  probe::draw(*model, init::Plan::parse(pair.scheme), setup);
  return model;
}

probe::ProbeSetup setup_of(const Pair& pair, const data::Dataset& data) {
  const Index steps = pair.epochs * ((data.count + pair.batch - 1) / pair.batch);
  return probe::ProbeSetup::of(data, 256, {.lr = pair.lr, .batch = pair.batch, .steps = steps}, pair.seed);
}

}  // namespace

Truth train(const Pair& pair) {
  const data::Sets sets = sets_of(pair);
  const auto model = drawn(pair, sets.training, setup_of(pair, sets.training));
  train::TrainOptions options{
      .epochs = pair.epochs, .batch = pair.batch, .seed = pair.seed, .test_every = pair.epochs};
  options.optimizer.lr = pair.lr;
  const train::TrainResult result = train::fit(*model, sets, options);
  return {.accuracy = train::counted_accuracy(result), .diverged = result.status == train::Status::diverged};
}

probe::FirstSteps look(const Pair& pair) {
  const data::Sets sets = sets_of(pair);
  const auto setup = setup_of(pair, sets.training);
  const auto model = drawn(pair, sets.training, setup);
  return probe::first_steps(probe::try_rate(*model, setup.batch, setup.steps, pair.lr), setup.run);
}

Known<Truth> read_truth(const std::string& path) {
  return read<Truth>(path, [](const nlohmann::json& one) {
    return Truth{.accuracy = one.at("accuracy"), .diverged = one.at("diverged")};
  });
}

Known<probe::FirstSteps> read_first_steps(const std::string& path) {
  return read<probe::FirstSteps>(path, [](const nlohmann::json& one) {
    probe::FirstSteps seen;
    each_member(seen, [&](const char* name, double& member) { member = number(one.at(name)); });
    return seen;
  });
}

void write(const std::string& path, const Known<Truth>& known) {
  write<Truth>(path, known, [](const Truth& truth, ordered_json& one) {
    one["accuracy"] = number(truth.accuracy);
    one["diverged"] = truth.diverged;
  });
}

void write(const std::string& path, const Known<probe::FirstSteps>& known) {
  write<probe::FirstSteps>(path, known, [](const probe::FirstSteps& seen, ordered_json& one) {
    each_member(seen, [&](const char* name, double member) { one[name] = number(member); });
  });
}

}  // namespace fanin::probe_validation
