// A model saved and opened by the library alone, without the program.
#include <doctest/doctest.h>

#include <string>

#include <fanin/autograd/node.hpp>
#include <fanin/datasets.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

/// A model trained for an epoch on a small set, and saved.
struct Trained {
  Scratch scratch;
  std::string path = scratch / "model.safetensors";
  data::Sets data = datasets::load_sets("synthetic(count=64)");
  models::ModelOrigin origin{.model = "mlp(hidden=8)", .plan = "xavier_normal", .seed = 3};
  nn::ModulePtr model = models::build(origin.model, models::input_of(data.training));
  std::vector<Tensor> born;

  Trained() {
    Generator generator(origin.seed);
    start::initialize(*model, origin.plan, generator);
    for (const auto& one : model->named_parameters()) born.push_back(one.parameter->value.clone());
    train::fit(*model, data, {.epochs = 1, .batch = 32, .seed = 3});
    models::save(path, *model, origin, data.training);
  }
  /// The file with one entry of its metadata replaced.
  std::string with(const std::string& key, const std::string& value) const {
    const io::TensorFile file = io::read_tensor_file(path);
    auto metadata = file.metadata;
    metadata[key] = value;
    io::write_safetensors(scratch / "forged.safetensors", file.tensors, metadata);
    return scratch / "forged.safetensors";
  }
};

}  // namespace

TEST_CASE("saved models: open gives back the model, its origin and what it is fed with") {
  const Trained trained;
  const models::SavedModel opened = models::open(trained.path);
  CHECK(opened.origin.model == "mlp(hidden=8)");
  CHECK(opened.origin.plan == "xavier_normal");
  CHECK(opened.origin.seed == 3);
  CHECK(opened.like.mean == trained.data.training.mean);
  CHECK(opened.like.stddev == trained.data.training.stddev);
  CHECK(opened.like.class_names == trained.data.training.class_names);
  opened.require_fit(trained.data.test);
  const auto before = train::evaluate(*trained.model, trained.data.test);
  const auto after = train::evaluate(*opened.model, trained.data.test);
  CHECK(before.loss == after.loss);
  CHECK(before.accuracy == after.accuracy);
}

TEST_CASE("saved models: initial values are drawn again to the bit") {
  const Trained trained;
  const io::TensorFile again = models::initial_values(io::read_tensor_file(trained.path));
  REQUIRE(again.tensors.size() == trained.born.size());
  const auto model = models::build(trained.origin.model, models::input_of(trained.data.training));
  start::load_state_dict(*model, again);
  std::size_t i = 0;
  for (const auto& one : model->named_parameters()) {
    const std::span<const real> drawn = one.parameter->value.values(), born = trained.born[i++].values();
    CHECK(std::equal(drawn.begin(), drawn.end(), born.begin(), born.end()));
  }
}

TEST_CASE("saved models: what a file says of itself is held against its tensors") {
  const Trained trained;
  const auto refused = [](const std::string& path) { return message([&] { models::open(path); }); };
  CHECK(holds(refused(trained.with("model", "mlp(hidden=100000)")), "no model 'mlp(hidden=100000)'"));
  CHECK(holds(refused(trained.with("height", "16000")), "no model"));
  CHECK(holds(refused(trained.with("classes", "-1")), "'-1', not a whole number"));
  CHECK(holds(refused(trained.with("stddev", "[0]")), "stddev"));
  CHECK(holds(message([&] { models::open(trained.scratch / "none.safetensors"); }), "none.safetensors"));
  const io::TensorFile fitted = io::read_tensor_file(trained.with("plan", "lsuv"));
  CHECK(holds(message([&] { models::initial_values(fitted); }), "these are not given"));
  const models::SavedModel opened = models::open(trained.path);
  const auto others = datasets::load_dataset("synthetic(count=20, classes=3)", datasets::Split::test);
  CHECK(holds(message([&] { opened.require_fit(others); }), "of 3"));
}
