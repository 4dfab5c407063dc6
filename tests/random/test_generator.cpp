#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/init/init.hpp>
#include <fanin/random/generator.hpp>

#include "tests/init/reference.hpp"
#include "tests/kernels/naive.hpp"

using namespace fanin;

TEST_CASE("generator: draws MT19937's published outputs") {
  Generator gen(5489);
  CHECK(gen.next32() == 3499211612u);
  for (int i = 2; i < 10000; ++i) gen.next32();
  CHECK(gen.next32() == 4123659995u);  // the 10,000th, from the C++ standard [rand.predef]
}

TEST_CASE("generator: a copy and a restored state go on like the original") {
  Generator gen(7);
  std::vector<real> few(5), a(40), b(40), c(40);
  gen.normal(few, 0, 1);  // odd count: leaves a cached value
  Generator copy = gen, restored = Generator::restore(gen.save());
  CHECK(copy == gen);
  CHECK(restored == gen);
  for (auto [g, out] : {std::pair{&gen, &a}, {&copy, &b}, {&restored, &c}}) {
    g->normal(std::span(*out).first(3), 1, 2);
    g->uniform(std::span(*out).subspan(3), -1, 1);
  }
  CHECK(a == b);
  CHECK(a == c);
  CHECK_FALSE(Generator(8) == Generator(7));
}

TEST_CASE("generator: interleaved draws follow PyTorch's stream") {
  for (const auto& record : init_reference().at("streams")) {
    CAPTURE(record["seed"].dump());
    Generator gen(record["seed"].get<std::uint64_t>());
    const auto expect = [&](const char* key, const Tensor& drawn, double allowed) {
      CAPTURE(key);
      REQUIRE(record[key].size() == static_cast<std::size_t>(drawn.numel()));
      for (std::size_t i = 0; i < record[key].size(); ++i)
        CHECK(std::abs(drawn.values()[i] - record[key][i].get<float>()) <= allowed);
    };
    Tensor few(Shape{5}), uniform(Shape{3}), one(Shape{1}), many(Shape{21}), coins(Shape{30}),
        after(Shape{2});
    gen.normal(few.values(), 1, 2);
    gen.uniform(uniform.values(), -1, 1);
    gen.normal(one.values(), 0, 1);
    gen.normal(many.values(), 0, 1);
    expect("few_normals", few, 0);
    expect("uniform", uniform, 0);
    expect("one_normal", one, 0);
    expect("many_normals", many, 1e-6);
    CHECK(gen.randperm(23) == record["randperm"].get<std::vector<Index>>());
    gen.bernoulli(coins.values(), 0.3);
    expect("bernoulli", coins, 0);
    for (const auto& value : record["below_1000"]) CHECK(gen.below(1000) == value.get<Index>());
    Tensor long_uniform(Shape{5000});
    gen.uniform(long_uniform.values(), 0, 1);
    CHECK(crc_of(long_uniform) == record["long_uniform"]["crc"].get<std::uint32_t>());
    const std::vector<Index> order = gen.randperm(5000);
    CHECK(crc_of(order.data(), order.size() * sizeof(Index)) ==
          record["long_randperm_crc"].get<std::uint32_t>());
    gen.uniform(after.values(), 0, 1);
    expect("after", after, 0);
  }
}

TEST_CASE("generator: refuses what has no meaning and goes on unharmed") {
  Generator gen(1);
  const Generator before = gen;
  std::vector<real> out(20);
  const double nan = std::nan(""), inf = HUGE_VAL;
  CHECK_THROWS_AS(gen.uniform(out, 1, 0), Error);
  CHECK_THROWS_AS(gen.uniform(out, 0, inf), Error);
  CHECK_THROWS_AS(gen.uniform(out, nan, 1), Error);
  CHECK_THROWS_AS(gen.uniform(out, -3e38, 3e38), Error);
  CHECK_THROWS_AS(gen.normal(out, 0, -1), Error);
  CHECK_THROWS_AS(gen.normal(out, nan, 1), Error);
  CHECK_THROWS_AS(gen.normal(out, 0, inf), Error);
  CHECK_THROWS_AS(gen.bernoulli(out, 1.5), Error);
  CHECK_THROWS_AS(gen.bernoulli(out, nan), Error);
  CHECK_THROWS_AS(gen.randperm(-1), Error);
  CHECK_THROWS_AS(gen.below(0), Error);
  CHECK(gen == before);
  gen.normal(std::span<real>(), 0, 1);
  CHECK(gen.randperm(0).empty());
  CHECK(gen == before);
}

TEST_CASE("generator: a damaged state is refused") {
  const std::string good = Generator(3).save();
  for (const std::string& bad :
       {std::string(), std::string("mt19937 "), good.substr(0, good.size() - 1), good + "0",
        "x" + good.substr(1), good.substr(0, 100) + "g" + good.substr(101),
        "mt19937 0000000000000003 fff" + good.substr(28)})
    CHECK_THROWS_AS(Generator::restore(bad), Error);
}

TEST_CASE("generator: derived seeds are stable and differ by purpose and by seed") {
  CHECK(derive_seed(0, "shuffle") == derive_seed(0, "shuffle"));
  std::vector<std::uint32_t> low;  // the engine uses these bits
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const char* purpose : {"shuffle", "dropout", "init", "augment", ""})
      low.push_back(static_cast<std::uint32_t>(derive_seed(seed, purpose)));
  std::sort(low.begin(), low.end());
  CHECK(std::adjacent_find(low.begin(), low.end()) == low.end());
}

TEST_CASE("generator: every instruction set draws the same bits") {
  for (const char* scheme : {"uniform(-1, 1)", "normal", "trunc_normal(1, 2, -1, 0.5)", "kaiming_normal",
                             "sparse(sparsity=0.5)"}) {
    CAPTURE(scheme);
    std::vector<std::vector<real>> drawn;
    naive::on_every_isa([&] {
      Tensor w({61, 37});
      Generator gen(11);
      init::parse(scheme).fill(w, gen);
      drawn.push_back(w.to_vector());
      drawn.back().push_back(static_cast<real>(gen.below(1 << 20)));
    });
    REQUIRE(drawn.size() == 3);
    CHECK(drawn[1] == drawn[0]);
    CHECK(drawn[2] == drawn[0]);
  }
}
