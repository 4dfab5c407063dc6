// Masks of different layers are independent without anybody's doing, and follow from a seed once there is
// one.
#include <doctest/doctest.h>

#include <algorithm>

#include <fanin/nn/linear.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;

namespace {

std::vector<real> mask_of(nn::Module& layer) { return layer(Tensor::ones({1, 256})).to_vector(); }

/// Of positions dropped by the first, the share that the second drops too.
double agreement(const std::vector<real>& a, const std::vector<real>& b) {
  double both = 0, first = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    first += a[i] == 0;
    both += a[i] == 0 && b[i] == 0;
  }
  return both / first;
}

std::vector<std::vector<real>> masks_below(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& one : model.named_modules()) {
    if (dynamic_cast<nn::Dropout*>(one.module)) all.push_back(mask_of(*one.module));
  }
  return all;
}

nn::Sequential three() {
  return nn::Sequential("fc", nn::Linear(4, 4), "a", nn::Dropout(0.5), "b", nn::Dropout(0.5), "block",
                        nn::Residual({.body = std::make_shared<nn::Sequential>("a", nn::Dropout(0.5))}));
}

void require_independent(const std::vector<std::vector<real>>& masks) {
  for (std::size_t i = 0; i < masks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(agreement(masks[i], masks[j]) < 0.75);
  }
}

}  // namespace

TEST_CASE("dropout: layers that nobody seeded draw masks of their own, alone, in a model and in two models") {
  nn::Dropout alone, other;
  nn::Sequential model = three(), twin = three();
  auto masks = masks_below(model);
  for (auto& one : masks_below(twin)) masks.push_back(one);
  masks.push_back(mask_of(alone));
  masks.push_back(mask_of(other));
  REQUIRE(masks.size() == 8);
  require_independent(masks);
}

TEST_CASE("dropout: initialize makes masks follow from its generator's state, and no weight from the masks") {
  const auto born = [](std::uint64_t seed, nn::Sequential&& model) {
    Generator generator(seed);
    start::initialize(model, generator);
    return masks_below(model);
  };
  const auto first = born(1, three());
  require_independent(first);
  CHECK(born(1, three()) == first);
  const auto second = born(2, three());
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(agreement(first[i], second[i]) < 0.75);
  Generator one(3), two(3);
  nn::Sequential with = three(), without("fc", nn::Linear(4, 4));
  start::initialize(with, one);
  start::initialize(without, two);
  CHECK(with.parameter("fc.weight")->value.to_vector() == without.parameter("fc.weight")->value.to_vector());
  CHECK(one == two);
  // Two models from one generator: as different as their weights.
  nn::Sequential next = three();
  start::initialize(next, one);
  CHECK(masks_below(next) != first);
}

TEST_CASE("dropout: a seed of its own, and one given by reseed, stay through initialize and a move") {
  nn::Dropout mine(0.5, 7), same(0.5, 7);
  nn::Sequential model("a", std::move(mine), "fc", nn::Linear(256, 4), "b", nn::Dropout(0.5));
  Generator generator(1);
  start::initialize(model, generator);
  CHECK(masks_below(model)[0] == mask_of(same));
  model.reseed(5);
  const auto reseeded = masks_below(model);
  model.reseed(5);
  start::forget(model);
  start::initialize(model, generator);
  CHECK(masks_below(model) == reseeded);
}

TEST_CASE("dropout: one layer in two places goes on in its stream") {
  auto drop = std::make_shared<nn::Dropout>(0.5);
  nn::Sequential net("a", drop, "b", drop);
  const auto y = net(Tensor::ones({1, 2000})).to_vector();
  CHECK(std::count(y.begin(), y.end(), real(4)) < 600);  // a quarter; one mask twice would leave half
  CHECK(std::count(y.begin(), y.end(), real(4)) > 400);
}
