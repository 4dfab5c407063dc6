#include <doctest/doctest.h>

#include <fanin/compare/remaining.hpp>

using fanin::compare::duration_text;
using fanin::compare::Remaining;

TEST_CASE("remaining: nothing is known before a run has said something") {
  Remaining remaining({{"a", 2}}, 1);
  CHECK_FALSE(remaining.seconds(0).has_value());
  remaining.under_way("a0", "a", 0.001, 1);
  CHECK_FALSE(remaining.seconds(1).has_value());
}

TEST_CASE("remaining: a run under way tells by its share, a finished one by its time") {
  Remaining remaining({{"a", 4}}, 1);
  remaining.under_way("a0", "a", 0.01, 0);
  remaining.under_way("a0", "a", 0.5, 5);
  // 5 s of this one, and three of 10 s
  CHECK(remaining.seconds(5).value() == doctest::Approx(35));
  CHECK(remaining.seconds(7).value() == doctest::Approx(33));  // time goes on without a word
  remaining.ended("a0", "a", 12);
  CHECK(remaining.seconds(12).value() == doctest::Approx(36));
}

TEST_CASE("remaining: models cost what their own runs cost, and others' until one is known") {
  Remaining remaining({{"slow", 2}, {"fast", 2}}, 2);
  remaining.under_way("s0", "slow", 0, 0);
  remaining.ended("s0", "slow", 30);
  CHECK(remaining.seconds(30).value() == doctest::Approx((30 + 2 * 30) / 2.0));
  remaining.under_way("f0", "fast", 0, 30);
  remaining.ended("f0", "fast", 32);
  CHECK(remaining.seconds(32).value() == doctest::Approx(30));  // no shorter than its longest run
}

TEST_CASE("remaining: runs taken from before cost nothing and say nothing of time") {
  Remaining remaining({{"a", 3}}, 1);
  remaining.ended("a0", "a", 0.1);
  remaining.ended("a1", "a", 0.1);
  CHECK_FALSE(remaining.seconds(0.1).has_value());
  remaining.under_way("a2", "a", 0, 0.1);
  remaining.under_way("a2", "a", 0.25, 1.1);
  CHECK(remaining.seconds(1.1).value() == doctest::Approx(3));
  remaining.ended("a2", "a", 4);
  CHECK(remaining.seconds(4).value() == 0);
}

TEST_CASE("remaining: durations are read at a glance") {
  CHECK(duration_text(0.4) == "0 s");
  CHECK(duration_text(59.6) == "1 min");
  CHECK(duration_text(185) == "3 min 5 s");
  CHECK(duration_text(7800) == "2 h 10 min");
  CHECK(duration_text(-3) == "0 s");
}
