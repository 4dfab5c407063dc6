// The learning rates that muP gives survive an interruption.
#include <doctest/doctest.h>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"

using namespace fanin;

namespace {

nn::ModulePtr born(const std::string& plan) {
  const auto model = models::build("mlp(hidden=128-96)", {});
  Generator generator(0);
  start::initialize(*model, plan, generator);
  return model;
}

}  // namespace

TEST_CASE("mup: a resumed run is the run that never was, and other rates by width are refused") {
  const data::Sets data = datasets::load_sets("synthetic(count=120)");
  for (const optim::UpdateRule& rule : {optim::adam(), optim::sgd()}) {
    const Scratch scratch;
    train::TrainOptions options{.epochs = 2, .batch = 20};
    options.optimizer = {.rule = rule, .lr = 0.01, .momentum = rule.name == "sgd" ? 0.9 : 0};
    const auto run = [&](nn::Module& model) { return train::fit(model, data, options).test.loss; };
    const auto whole = born("mup"), parts = born("mup"), standard = born("mup(base_width=96)");
    const double loss = run(*whole);
    CHECK(run(*standard) != loss);  // whose rates and last layer differ
    options.checkpoint.folder = scratch / "run";
    options.epochs = 1;
    run(*parts);
    options.epochs = 2;
    options.checkpoint.resume = true;
    const auto again = born("mup"), other = born("kaiming_normal");
    CHECK_THROWS_WITH_AS(run(*other), doctest::Contains("by width: "), Error);
    CHECK(run(*again) == loss);
    for (const auto& one : whole->named_parameters())
      CHECK(one.parameter->value.to_vector() == again->parameter(one.name)->value.to_vector());
  }
}
