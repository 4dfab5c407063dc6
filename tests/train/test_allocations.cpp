// After its first steps a training step asks neither the system nor the heap for memory.
#include <doctest/doctest.h>

#include <fanin/core/memory.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/allocations.hpp"

using namespace fanin;

TEST_CASE("train: a step allocates nothing after warm-up") {
  if (!counts_allocations()) return;
  const data::Sets data = datasets::load_sets("synthetic(count=200)");
  for (const char* text : {"mlp", "lenet", "mlp(batch_norm=true, dropout=0.1)"}) {
    for (const auto& rule : {optim::sgd(), optim::adam()}) {
      CAPTURE(text);
      const auto model = models::build(text, {});
      Generator generator(0);
      start::initialize(*model, generator);
      constexpr Index warm = 6, last = 18;  // all within the first epoch of 20 full batches
      std::uint64_t heap_before = 0, heap_after = 0, pool_before = 0, pool_after = 0;
      train::TrainOptions options{
          .epochs = 1, .batch = 10, .seed = 1, .optimizer = {.rule = rule, .lr = 0.01, .momentum = 0.9}};
      options.clip_norm = 1;
      options.schedule = optim::Schedule::parse("cosine(warmup=3)");
      options.curve_every = 1;
      options.on_step = [&](Index step, double) {
        if (step == warm) heap_before = heap_allocations(), pool_before = pool_system_allocations();
        if (step == last) heap_after = heap_allocations(), pool_after = pool_system_allocations();
      };
      train::fit(*model, data, options);
      REQUIRE(heap_before > 0);
      CHECK(pool_after == pool_before);
      CHECK(heap_after == heap_before);
    }
  }
}
