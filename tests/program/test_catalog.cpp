// fanin models and fanin data: lists, and one of each by name.
#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fanin {
namespace {

using nlohmann::json;

TEST_CASE("lists: a model and a data set are explained by name") {
  const std::string lenet = fanin_command({"models", "lenet"}).out,
                    mnist = fanin_command({"data", "mnist"}).out;
  CHECK(holds(lenet, "28×28"));
  CHECK_FALSE(holds(lenet, "plain_net"));
  CHECK(holds(mnist, "handwritten digits"));
  CHECK(holds(mnist, "only=0..4"));  // what every data set takes
  CHECK_FALSE(holds(mnist, "cifar10"));
  for (const char* list : {"models", "data"}) {
    const auto named =
        json::parse(fanin_command({list, list == std::string("data") ? "idx" : "mlp", "--json"}).out);
    CHECK(named.size() == 1);
    CHECK(json::parse(fanin_command({list, "--json"}).out).size() > 3);
  }
}

}  // namespace
}  // namespace fanin
