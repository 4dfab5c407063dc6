// fanin plan through the command line.
#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

TEST_CASE("program: plan shows fans, scheme, the rule behind it, target and drawn std of every parameter") {
  const Outcome text =
      fanin_command({"plan", "--model", "lenet", "--init",
                     "kaiming_normal; fc3.weight=zeros; *2.bias=constant(0.02)", "--seed", "4"});
  CAPTURE(text.out);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  for (const char* part : {"conv2.weight", "[16, 6, 5, 5]", "150", "whole model", "*2.bias",
                           "constant(value=0.02)", "61706 parameters in 10 tensors", "seed: 4"})
    CHECK(holds(text.out, part));
  CHECK_FALSE(holds(text.out, "improbable"));
  const json plan = json::parse(fanin_command({"plan", "--init", "orthogonal; fc3.*=default", "--json"}).out);
  CHECK(plan.at("plan") == "orthogonal; fc3.*=default");
  CHECK(plan.at("parameter_count") == 61706);
  REQUIRE(plan.at("parameters").size() == 10);
  for (const auto& one : plan.at("parameters")) {
    const bool fc3 = holds(one.at("name"), "fc3");
    CHECK(one.at("from") == (fc3 ? "layer's default" : "whole model"));
    if (!fc3 && holds(one.at("name"), "weight")) CHECK(one.at("scheme") == "orthogonal");
    CHECK(one.at("improbable") == false);
  }
}

TEST_CASE("program: plan takes the size of the input from flags or a data set") {
  const json flags = json::parse(
      fanin_command({"plan", "--model", "mlp(hidden=8)", "--input", "3x4x5", "--classes", "7", "--json"})
          .out);
  CHECK(flags.at("parameters").at(0).at("shape") == json({8, 60}));
  CHECK(flags.at("parameters").at(2).at("shape") == json({7, 8}));
  const json data = json::parse(fanin_command({"plan", "--model", "mlp(hidden=8)", "--data",
                                               "synthetic(classes=3, count=30)", "--json"})
                                    .out);
  CHECK(data.at("classes") == 3);
}

TEST_CASE("program: plan refuses bad input in one line") {
  const std::vector<std::vector<std::string>> bad = {{"--init", "kaming_normal"},
                                                     {"--init", "zz*=zeros"},
                                                     {"--input", "3x4"},
                                                     {"--input", "0x1x1"},
                                                     {"--input", "9999x9999x9999"},
                                                     {"--classes", "0"},
                                                     {"--model", "lenet(x=1)"},
                                                     {"--data", "nosuch"},
                                                     {"--data", "mnist", "--classes", "3"},
                                                     {"--model", ""},
                                                     {"--seed", "-1"},
                                                     {"--seed", "1.5"},
                                                     {"--seed", "99999999999999999999"}};
  for (auto arguments : bad) {
    arguments.insert(arguments.begin(), "plan");
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(arguments.back());
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(line_count(outcome.err) == 1);
  }
}

TEST_CASE(
    "program: plan shows every op's second moment, predicted and measured, its path, and what depth does") {
  const json plan = json::parse(
      fanin_command({"plan", "--model", "lenet(activation=relu, pool=max)", "--init", "analytic", "--json"})
          .out);
  const json& signal = plan.at("signal");
  CHECK(signal.at("batch") == "64 samples of white noise");
  REQUIRE(signal.at("ops").size() == 12);
  const json& first = signal.at("ops").at(0);
  CHECK(first.at("op") == "conv2d");
  CHECK(first.at("weight") == "conv1.weight");
  CHECK(first.at("path") == "relu→max_pool2d");
  CHECK(signal.at("ops").at(1).at("target") == 1);
  for (const auto& op : signal.at("ops")) {
    CHECK(op.at("by_rule") == true);
    if (op.at("op") == "relu") CHECK(op.at("predicted").get<double>() == doctest::Approx(1).epsilon(1e-3));
    CHECK(op.at("measured").get<double>() > op.at("predicted").get<double>() / 4);
    CHECK(op.at("measured").get<double>() < op.at("predicted").get<double>() * 4);
  }
  REQUIRE(signal.at("depth").size() == 1);
  const json& relu = signal.at("depth").at(0);
  CHECK(relu.at("activation") == "relu");
  CHECK(relu.at("verdict") == "marginal");
  CHECK(relu.at("sigma").get<double>() == doctest::Approx(std::sqrt(2.0)).epsilon(1e-6));
  CHECK(relu.at("chi").get<double>() == doctest::Approx(1).epsilon(1e-6));
  CHECK(relu.at("tenfold_layers").is_null());
}

TEST_CASE("program: plan's prediction starts from the data's moments, and its tables fit a terminal") {
  const std::vector<std::string> arguments = {
      "plan",   "--model",  "resnet_small(width=4, batch_norm=false)", "--data", "synthetic(count=200)",
      "--init", "empirical"};
  auto as_json = arguments;
  as_json.push_back("--json");
  const json plan = json::parse(fanin_command(as_json).out);
  int joined = 0;
  for (const auto& op : plan.at("signal").at("ops")) {
    joined += op.at("path") == "add→relu" || op.at("path") == "add→relu→adaptive_avg_pool2d→reshape";
    if (op.at("target").is_null()) continue;
    CHECK(op.at("measured").get<double>() == doctest::Approx(op.at("target").get<double>()).epsilon(0.005));
  }
  CHECK(joined > 2);
  const Outcome text = fanin_command(arguments);
  CHECK(text.code == 0);
  for (const char* part : {"predicted", "measured", "add→relu", "marginal", "never"})
    CHECK(holds(text.out, part));
}
