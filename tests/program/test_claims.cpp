// build/claims through its command line.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

namespace {

const std::string data = "synthetic(count=600)";

/// What `claims` printed as JSON, without what a clock decided.
json timeless(const std::string& text) {
  json all = json::parse(text);
  for (auto& one : all.at("claims")) one.erase("seconds");
  return all;
}

}  // namespace

TEST_CASE("claims: --list tells every claim and its predictions without running any") {
  const Outcome outcome = claims_command({"--list", "--data", "idx(nowhere)"});
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  for (const char* name : {"symmetry", "scale", "glorot-2010", "torch-default", "he-2015", "saxe-2013",
                           "schoenholz-2017", "xiao-2018", "residual", "warm-start", "weight-selection"})
    CHECK(holds(outcome.out, name));
  CHECK(holds(outcome.out, "0.1667 ± 5 %"));
}

TEST_CASE("claims: one claim runs, is reproduced, and gives the same figures again and for any jobs") {
  const Scratch scratch;
  const Outcome first = claims_command({"torch-default", "--json", "--data", data, "--out", scratch / "a"});
  REQUIRE_MESSAGE(first.code == 0, first.out, first.err);
  const json all = json::parse(first.out);
  CHECK(all.at("failed") == 0);
  REQUIRE(all.at("claims").size() == 1);
  CHECK(all.at("claims")[0].at("name") == "torch-default");
  std::ifstream file(scratch / "a/claims.json"), markdown(scratch / "a/claims.md");
  CHECK(json::parse(file) == all);
  CHECK(markdown.good());
  const Outcome again =
      claims_command({"torch-default", "--json", "--data", data, "--jobs", "1", "--out", scratch / "b"});
  CHECK(timeless(first.out) == timeless(again.out));
}

TEST_CASE(
    "claims: missing data and a folder that cannot be made end it before anything runs; what is mistyped is named") {
  const Scratch scratch;
  const Outcome missing = claims_command({"scale", "--data", "idx(nowhere)", "--out", scratch / "out"});
  CHECK(missing.code == 1);
  CHECK(missing.out.empty());
  CHECK(line_count(missing.err) == 1);
  const Outcome nowhere = claims_command({"scale", "--data", data, "--out", "/proc/nowhere"});
  CHECK(nowhere.code == 1);
  CHECK(line_count(nowhere.err) == 1);
  const Outcome typo = claims_command({"scael"});
  CHECK(typo.code == 2);
  CHECK(holds(typo.err, "'scale'"));
  CHECK(line_count(typo.err) == 1);
  CHECK(claims_command({"--jobs", "0"}).code == 2);
  CHECK(claims_command({"--data", "fashion-mnits", "--out", scratch / "out", "scale"}).code == 2);
}
