// Whatever a run chooses, it chooses on the validation set: a test set of noise changes the test's figures
// alone.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;
using train::TrainOptions;
using train::TrainResult;

namespace {

const data::Sets& samples() {
  static const data::Sets sets = datasets::load_sets("synthetic(count=200, classes=4, size=8)");
  return sets;
}

/// The same sets with noise for test images, and labels that say nothing.
data::Sets poisoned() {
  data::Sets sets = samples();
  Generator gen(99);
  for (auto& pixel : sets.test.images) pixel = static_cast<std::uint8_t>(gen.below(256));
  for (auto& label : sets.test.labels) label = static_cast<std::int32_t>(gen.below(4));
  return sets;
}

/// A run, and the weights that it ended with.
struct Ended {
  TrainResult result;
  std::vector<std::vector<real>> weights;
};

Ended trained(const data::Sets& sets, const TrainOptions& options) {
  const auto model = models::build("mlp(hidden=12, batch_norm=true)", models::input_of(sets.training));
  Generator generator(0);
  start::initialize(*model, "xavier_uniform", generator);
  Ended ended{train::fit(*model, sets, options), {}};
  for (const auto& entry : model->state_dict()) ended.weights.push_back(entry.second.to_vector());
  return ended;
}

TrainOptions usual(int epochs = 8) {
  return {.epochs = epochs, .batch = 16, .seed = 5, .optimizer = {.lr = 0.3, .momentum = 0.5}};
}

}  // namespace

TEST_CASE("validation: a poisoned test set chooses nothing, whatever is chosen") {
  std::vector<std::pair<const char*, TrainOptions>> cases;
  for (const char* name : {"given", "patience", "restore best", "best by loss", "threshold", "keep best"})
    cases.emplace_back(name, usual());
  cases[0].second.validation = 40;
  cases[1].second.early_stopping = {.patience = 2};
  cases[2].second.early_stopping = {.restore_best = true};
  cases[3].second.early_stopping = {.measure = train::Measure::loss, .restore_best = true};
  cases[4].second.threshold = 0.8;
  cases[4].second.threshold_every = 3;
  for (auto& entry : cases) {
    const std::string name = entry.first;
    CAPTURE(name);
    const Scratch clean_folder, poisoned_folder;
    TrainOptions& options = entry.second;
    if (name == "keep best") options.checkpoint = {.folder = clean_folder / "run", .keep_best = true};
    const Ended clean = trained(samples(), options);
    if (name == "keep best") options.checkpoint.folder = poisoned_folder / "run";
    const Ended other = trained(poisoned(), options);
    CHECK(other.weights == clean.weights);
    CHECK(other.result.best_epoch == clean.result.best_epoch);
    CHECK(other.result.best_epoch > 0);
    CHECK(other.result.steps == clean.result.steps);
    CHECK(other.result.steps_to_threshold == clean.result.steps_to_threshold);
    CHECK(other.result.validation.loss == clean.result.validation.loss);
    CHECK(other.result.validation.accuracy == clean.result.validation.accuracy);
    REQUIRE(other.result.history.size() == clean.result.history.size());
    for (std::size_t i = 0; i < clean.result.history.size(); ++i) {
      CHECK(other.result.history[i].validation_loss == clean.result.history[i].validation_loss);
      CHECK(std::isnan(clean.result.history[i].test_loss));  // the test set was not read
      CHECK(std::isnan(clean.result.history[i].test_accuracy));
    }
    CHECK(clean.result.test.accuracy > 0.7);
    CHECK(other.result.test.accuracy < 0.5);
    if (name == "threshold") CHECK(clean.result.steps_to_threshold);
    if (name == "keep best") {
      const auto best = [](const Scratch& folder) {
        std::vector<std::vector<std::byte>> all;
        const io::TensorFile file = io::read_tensor_file(folder / "run/best.safetensors");
        for (const char* weight : {"fc1.weight", "fc2.weight"}) {
          const io::StoredTensor& tensor = file.at(weight);
          all.emplace_back(tensor.byte_size());
          tensor.read_bytes(0, tensor.numel(), all.back().data());
        }
        return all;
      };
      CHECK(best(clean_folder) == best(poisoned_folder));
    }
  }
}

TEST_CASE("validation: the cut is of the data; a run's own seed does not move it") {
  const auto cut_by = [](std::uint64_t seed, std::uint64_t data_seed) {
    TrainOptions options = usual(1);
    options.optimizer.lr = 0;  // what is validated are the weights that all begin with
    options.seed = seed;
    options.data_seed = data_seed;
    options.validation = 0.2;
    return trained(samples(), options).result;
  };
  const auto first = cut_by(0, 0);
  CHECK(first.validation.count == 40);
  CHECK(cut_by(1, 0).validation.count == 40);
  // With batch statistics of other batches the loss differs, but the classes of what is validated do not.
  const auto classes = [](const TrainResult& result) {
    std::vector<Index> rows;
    for (int truth = 0; truth < 4; ++truth) {
      Index row = 0;
      for (int guess = 0; guess < 4; ++guess) row += result.validation.confusion.at(truth, guess);
      rows.push_back(row);
    }
    return rows;
  };
  CHECK(classes(first) == std::vector<Index>{10, 10, 10, 10});
  CHECK(data::cut_validation(samples(), 0.2, 0).validation.images ==
        data::cut_validation(samples(), 0.2, 0).validation.images);
  CHECK(cut_by(0, 1).validation.loss != first.validation.loss);
}

TEST_CASE("validation: a run that chooses nothing trains on everything, and tests after every epoch") {
  const Ended plain = trained(samples(), usual(3));
  CHECK(plain.result.validation.count == 0);
  CHECK(plain.result.steps == 3 * 13);  // 200 samples in batches of 16
  for (const auto& epoch : plain.result.history) {
    CHECK(std::isfinite(epoch.test_loss));
    CHECK(std::isnan(epoch.validation_loss));
  }
  CHECK_FALSE(train::chooses(usual()));
  TrainOptions stopping = usual(3);
  stopping.early_stopping.patience = 3;
  CHECK(train::chooses(stopping));
  CHECK(train::validation_share(stopping, samples()) == data::Share(0.1));
  const Ended chosen = trained(samples(), stopping);
  CHECK(chosen.result.validation.count == 20);
  CHECK(chosen.result.steps == 3 * 12);  // 180 in batches of 16
  CHECK(chosen.weights != plain.weights);
}

TEST_CASE("validation: the best epoch's weights are tested once they are restored") {
  TrainOptions options = usual(10);
  options.optimizer.lr = 1.5;  // too large: epochs differ
  options.validation = 40;
  const Ended last = trained(samples(), options);
  options.early_stopping.restore_best = true;
  const Ended best = trained(samples(), options);
  const auto& record = best.result.history[static_cast<std::size_t>(best.result.best_epoch - 1)];
  CHECK(best.result.validation.accuracy == record.validation_accuracy);
  CHECK(best.result.validation.loss == record.validation_loss);
  for (const auto& epoch : best.result.history)
    CHECK(epoch.validation_accuracy <= record.validation_accuracy);
  if (best.result.best_epoch == 10) {
    CHECK(best.weights == last.weights);
  } else {
    CHECK(best.weights != last.weights);
    CHECK(best.result.test.loss != last.result.test.loss);
  }
}

TEST_CASE("validation: sets that bring their own are not cut") {
  data::Sets sets = samples();
  sets.validation = samples().test;
  TrainOptions options = usual(2);
  options.early_stopping.patience = 1;
  const auto result = trained(sets, options).result;
  CHECK(result.validation.count == samples().test.count);
  CHECK(train::validation_share(options, sets).none());
  CHECK(result.validation.accuracy == result.test.accuracy);
}

TEST_CASE("validation: few labels are an error in a run that chooses, and none in one that does not") {
  data::Sets few = samples();
  few.training = few.training.take_per_class(3, 0);
  TrainOptions options = usual(1);
  CHECK(trained(few, options).result.status == train::Status::ok);
  options.early_stopping.patience = 1;
  CHECK(holds(usage_message([&] { trained(few, options); }),
              "1 of 12 training images for validation are too few for 4 classes"));
  options.validation = 4;
  CHECK(trained(few, options).result.validation.count == 4);
}

TEST_CASE("validation: class weights count the training images that are left") {
  data::Sets sets = samples();
  // Of class 0 only 10 images are left; of them 5 are cut.
  std::vector<Index> kept;
  Index of_class_0 = 0;
  for (Index i = 0; i < sets.training.count; ++i)
    if (sets.training.labels[static_cast<std::size_t>(i)] != 0 || of_class_0++ < 10) kept.push_back(i);
  sets.training = sets.training.subset(kept);
  const data::Sets cut = data::cut_validation(sets, 0.5, 0);
  TrainOptions options = usual(2);
  options.class_weights = train::ClassWeights::parse("balanced");
  const Ended by_hand = trained(cut, options);
  options.validation = 0.5;
  CHECK(trained(sets, options).weights == by_hand.weights);
}

TEST_CASE("validation: a resumed run has the cut it began with, or is refused by its name") {
  const Scratch scratch;
  TrainOptions options = usual(4);
  options.validation = 0.2;
  options.early_stopping.restore_best = true;
  const Ended whole = trained(samples(), options);
  options.checkpoint.folder = scratch / "run";
  options.checkpoint.resume = true;
  Index steps = 0;
  TrainOptions stopped = options;
  stopped.stop = [&steps] { return ++steps == 14; };
  CHECK(trained(samples(), stopped).result.status == train::Status::interrupted);
  const auto refused = [&](const TrainOptions& other) {
    return usage_message([&] { trained(samples(), other); });
  };
  TrainOptions other = options;
  other.validation = 0.3;
  CHECK(holds(refused(other), "its validation was '0.2', now it is '0.3'"));
  other = options;
  other.data_seed = 1;
  CHECK(holds(refused(other), "its data_seed was '0', now it is '1'"));
  const Ended resumed = trained(samples(), options);
  CHECK(resumed.weights == whole.weights);
  CHECK(resumed.result.validation.loss == whole.result.validation.loss);
  CHECK(resumed.result.test.loss == whole.result.test.loss);
  REQUIRE(resumed.result.history.size() == whole.result.history.size());
  for (std::size_t i = 0; i < whole.result.history.size(); ++i)
    CHECK(resumed.result.history[i].validation_accuracy == whole.result.history[i].validation_accuracy);
}
