#include <doctest/doctest.h>

#include <atomic>

#include <fanin/core/error.hpp>
#include <fanin/train/lockstep.hpp>

#include "tests/message.hpp"

using namespace fanin;

TEST_CASE("lockstep: whoever fails, or runs other layers, ends all of them with its reason") {
  const auto call = [](train::Lockstep& all, const std::function<void(std::size_t)>& body) {
    try {
      all.run(body);
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  const auto sum = [](std::span<double> into, std::span<const double> more) { into[0] += more[0]; };
  for (const std::size_t count : {1u, 2u, 5u}) {
    CAPTURE(count);
    std::vector<std::size_t> order;
    train::Lockstep all(count, {.enter = [&](std::size_t i) { order.push_back(i); },
                                .leave = [](std::size_t) {},
                                .meet = [](std::span<double> values, auto) { values[0] *= 10; }});
    std::vector<double> found(count);
    for (int again = 0; again < 3; ++again) {
      order.clear();
      CHECK(call(all, [&](std::size_t i) {
              found[i] = static_cast<double>(i + 1);
              all.meet(i, {&found[i], 1}, sum);
            }) == "none");
      const double both = 10 * static_cast<double>(count * (count + 1) / 2);
      CHECK(found == std::vector<double>(count, both));
      REQUIRE(order.size() == 2 * count);
      for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i % count);
      for (std::size_t who = 0; who < count; ++who) {
        for (const bool first : {true, false}) {
          CHECK(call(all, [&](std::size_t i) {
                  double value = 1;
                  if (i == who && first) throw std::runtime_error("no such luck");
                  all.meet(i, {&value, 1}, sum);
                  if (i == who) throw std::runtime_error("no such luck");
                  all.meet(i, {&value, 1}, sum);
                }) == "no such luck");
        }
        if (count > 1)
          CHECK(call(all, [&](std::size_t i) {
                  double value = 1;
                  if (i != who) all.meet(i, {&value, 1}, sum);
                }).find("one was done before the others") != std::string::npos);
      }
    }
  }
}
