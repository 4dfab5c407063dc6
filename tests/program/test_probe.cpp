// fanin probe through the command line.
#include <doctest/doctest.h>

#include <sstream>

#include <nlohmann/json.hpp>

#include <fanin/core/format.hpp>

#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

TEST_CASE("program: probe tells signal and training apart, and recommends a scheme and a rate") {
  const std::vector<std::string> arguments = {"probe",
                                              "--data",
                                              "synthetic(count=200)",
                                              "--models",
                                              "mlp(hidden=16); plain_net(depth=8, width=32)",
                                              "--schemes",
                                              "default; zeros; orthogonal; {*=normal(std=0.001)}",
                                              "--samples",
                                              "100",
                                              "--epochs",
                                              "100"};
  const Outcome text = fanin_command(arguments);
  CAPTURE(text.out);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  for (const char* part : {"mlp(hidden=16)", "symmetric at fc1", "sound", "vanishes at fc", "trains at 0.1",
                           "recommended: ", "100 samples"})
    CHECK(holds(text.out, part));
  CHECK_FALSE(holds(text.out, "well conditioned"));
  CHECK(fanin_command(arguments).out == text.out);
  auto with = arguments;
  with.push_back("--detail");
  const Outcome detail = fanin_command(with);
  CHECK(holds(detail.out, "twins"));
  std::istringstream lines(detail.out);
  for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(fanin::text::text_width(line) <= 80, line);
  with.back() = "--json";
  const json report = json::parse(fanin_command(with).out);
  CHECK(report.at("lr") == 0.1);
  CHECK(report.at("epochs") == 100);
  CHECK(report.at("steps") == 100 * report.at("trial_steps").get<int>() / 2);  // 400 steps, of which 8
  REQUIRE(report.at("models").size() == 2);
  const auto& schemes = report.at("models").at(1).at("schemes");
  REQUIRE(schemes.size() == 4);
  CHECK(schemes.at(1).at("signal").at("verdict") == "symmetric at fc1");
  CHECK(schemes.at(1).at("signal").at("sound") == false);
  CHECK(schemes.at(1).at("training").at("trains") == false);
  CHECK(schemes.at(2).at("signal").at("sound") == true);
  CHECK(schemes.at(2).at("signal").at("layer").is_null());
  CHECK(schemes.at(2).at("training").at("loss_after") < schemes.at(2).at("training").at("loss_before"));
  CHECK(schemes.at(2).at("sharpness") > 0);
  CHECK(schemes.at(2).at("layers").size() == 9);
  CHECK(schemes.at(2).at("jacobian_singular_values").size() == 10);
}

TEST_CASE("program: probe tries by itself what a model calls for") {
  const auto schemes = [](const std::string& model) {
    const Outcome outcome = fanin_command({"probe", "--data", "synthetic(count=60, size=8)", "--models",
                                           model, "--samples", "20", "--epochs", "1", "--json"});
    REQUIRE(outcome.code == 0);
    const json report = json::parse(outcome.out);
    std::string all;
    for (const auto& one : report.at("models").at(0).at("schemes"))
      all += one.at("scheme").get<std::string>() + ";";
    return all;
  };
  CHECK(holds(schemes("mlp(hidden=8, activation=sine(omega=5))"), "siren(omega=5)"));
  CHECK(holds(schemes("mlp(hidden=8, activation=gelu)"), "kaiming_normal(nonlinearity=gelu)"));
  CHECK(holds(schemes("mlp(hidden=8, activation=selu)"), "lecun_normal"));
  CHECK(holds(schemes("mlp(hidden=8, activation=leaky_relu(0.2))"), "kaiming_normal(a=0.2)"));
  CHECK(holds(schemes("plain_net(depth=3, width=8, activation=tanh)"), "edge_of_chaos(activation=tanh)"));
  const std::string residual = schemes("resnet_small(width=2, batch_norm=false, branch_scale=true)");
  for (const char* scheme : {"fixup", "rezero", "lsuv", "krahenbuhl"}) CHECK(holds(residual, scheme));
  const std::string normalized = schemes("resnet_small(width=2)");
  CHECK(holds(normalized, "zero_o"));
  CHECK_FALSE(holds(normalized, "fixup"));
}

TEST_CASE("program: probe refuses bad input in one line") {
  const std::vector<std::vector<std::string>> bad = {{"--models", ""},
                                                     {"--models", "lenett"},
                                                     {"--schemes", ";"},
                                                     {"--schemes", "kaming_normal"},
                                                     {"--schemes", "zz*=zeros"},
                                                     {"--samples", "1"},
                                                     {"--samples", "100000000"},
                                                     {"--batch", "0"},
                                                     {"--epochs", "0"},
                                                     {"--epochs", "x"},
                                                     {"--data", "nosuch"},
                                                     {"--lr", "0"},
                                                     {"--lr", "nan"}};
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
