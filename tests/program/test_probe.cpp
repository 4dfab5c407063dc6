// fanin probe through the command line.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

TEST_CASE("program: probe gives every scheme a verdict and recommends one") {
  const std::vector<std::string> arguments = {"probe",
                                              "--data",
                                              "synthetic(count=200)",
                                              "--models",
                                              "mlp(hidden=16); plain_net(depth=8, width=32)",
                                              "--schemes",
                                              "default; zeros; orthogonal; {*=normal(std=0.001)}",
                                              "--batch",
                                              "100"};
  const Outcome text = fanin_command(arguments);
  CAPTURE(text.out);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  for (const char* part : {"mlp(hidden=16)", "symmetric at fc1", "well conditioned", "vanishes at fc",
                           "recommended: orthogonal", "100 samples"})
    CHECK(holds(text.out, part));
  CHECK(fanin_command(arguments).out == text.out);
  auto with = arguments;
  with.push_back("--detail");
  CHECK(holds(fanin_command(with).out, "saturated"));
  with.back() = "--json";
  const json report = json::parse(fanin_command(with).out);
  REQUIRE(report.at("models").size() == 2);
  const auto& schemes = report.at("models").at(1).at("schemes");
  REQUIRE(schemes.size() == 4);
  CHECK(schemes.at(1).at("verdict") == "symmetric at fc1");
  CHECK(schemes.at(2).at("trains") == true);
  CHECK(schemes.at(2).at("layers").size() == 9);
  CHECK(schemes.at(2).at("jacobian_singular_values").size() == 10);
}

TEST_CASE("program: probe refuses bad input in one line") {
  const std::vector<std::vector<std::string>> bad = {{"--models", ""},
                                                     {"--models", "lenett"},
                                                     {"--schemes", ";"},
                                                     {"--schemes", "kaming_normal"},
                                                     {"--schemes", "zz*=zeros"},
                                                     {"--batch", "1"},
                                                     {"--batch", "100000000"},
                                                     {"--data", "nosuch"},
                                                     {"--lr", "0"},
                                                     {"--lr", "nan"},
                                                     {"--seeds", "2"},
                                                     {"--threads", "2"},
                                                     {"--held-out", "--json"},
                                                     {"--validate", "--validate-plan"},
                                                     {"--validate", "--seeds=0"},
                                                     {"--validate-plan", "--threads=0"}};
  for (auto arguments : bad) {
    if (arguments[0] != "--data") arguments.insert(arguments.end(), {"--data", "synthetic(count=100)"});
    arguments.insert(arguments.begin(), "probe");
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(arguments[2]);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(line_count(outcome.err) == 1);
  }
}
