#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "framework/core/error.hpp"
#include "framework/core/generator.hpp"

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
