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

TEST_CASE("remaining: a run that was over before it was told of says what it took") {
  Remaining remaining({{"a", 5}}, 2);
  remaining.ended("a0", "a", 8, 1, 6);
  CHECK(remaining.seconds(8).value() == doctest::Approx(4 * 6 / 2.0));
}

TEST_CASE("remaining: a run that chooses a rate is a part of a whole one") {
  Remaining remaining({{"a", 6}}, 2);  // 16 eighths, and 4 whole runs
  remaining.under_way("t0", "a", 0, 0, 0.125);
  remaining.under_way("t0", "a", 0.5, 1, 0.125);
  // 1 s of this one, and 5.875 runs of 16 s, two at a time
  CHECK(remaining.seconds(1).value() == doctest::Approx((1 + 5.875 * 16) / 2));
  remaining.ended("t0", "a", 2);
  CHECK(remaining.seconds(2).value() == doctest::Approx(5.875 * 16 / 2));
  remaining.ended("t1", "a", 2, 0.125);  // taken from before
  CHECK(remaining.seconds(2).value() == doctest::Approx(5.75 * 16 / 2));
}

TEST_CASE("remaining: what is left may turn out to be less than was planned") {
  Remaining remaining({{"a", 10}, {"b", 10}}, 1);
  remaining.under_way("a0", "a", 0, 0);
  remaining.ended("a0", "a", 2);
  remaining.under_way("b0", "b", 0, 2);
  remaining.under_way("b0", "b", 0.5, 4);
  CHECK(remaining.seconds(4).value() == doctest::Approx(2 + 9 * 2 + 9 * 4));
  remaining.left(7);  // the one under way, and 3 of each model
  CHECK(remaining.seconds(4).value() == doctest::Approx(2 + 3 * 2 + 3 * 4));
  remaining.left(1);
  CHECK(remaining.seconds(4).value() == doctest::Approx(2));
  remaining.ended("b0", "b", 6);
  remaining.left(0);
  CHECK(remaining.seconds(6).value() == doctest::Approx(0));
}

TEST_CASE("remaining: durations are read at a glance") {
  CHECK(duration_text(0.4) == "0 s");
  CHECK(duration_text(59.6) == "1 min");
  CHECK(duration_text(185) == "3 min 5 s");
  CHECK(duration_text(7800) == "2 h 10 min");
  CHECK(duration_text(-3) == "0 s");
}
