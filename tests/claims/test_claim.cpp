// A claim is judged by its figures: what is wrong must not pass.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/statistics/linear_fit.hpp>

#include "examples/claims/claim.hpp"
#include "examples/claims/claim_report.hpp"

using namespace fanin;
using claims::Claim;
using claims::Finding;
using claims::Relation;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// "A layer of variance 1/(3n) keeps a third", seen as `seen`.
Claim thirds(double seen, double predicted = 1.0 / 3) {
  return {.name = "thirds",
          .paper = "nobody 1999",
          .words = "A third stays.",
          .setting = "one | layer",
          .predict =
              [predicted] {
                return std::vector<claims::Prediction>{
                    {.what = "factor", .formula = "1/3", .figure = predicted, .share = 0.05},
                    {.what = "units", .formula = "all", .figure = 8, .relation = Relation::at_least}};
              },
          .measure =
              [seen] {
                return std::vector<double>{seen, 8};
              }};
}

}  // namespace

TEST_CASE("claim: a figure agrees within its tolerance and not beyond") {
  const claims::Prediction third{.what = "", .formula = "", .figure = 2, .share = 0.05, .margin = 0.1};
  CHECK(claims::agrees(third, 2.1999));
  CHECK(claims::agrees(third, 1.8001));
  CHECK_FALSE(claims::agrees(third, 2.2001));
  CHECK_FALSE(claims::agrees(third, 1.7999));
  CHECK(claims::agrees({.what = "", .formula = "", .figure = 1}, 1));
  CHECK_FALSE(claims::agrees({.what = "", .formula = "", .figure = 1}, std::nextafter(1.0, 2.0)));
  CHECK(claims::agrees({.what = "", .formula = "", .figure = -2, .share = 0.1}, -2.1));
}

TEST_CASE("claim: bounds are bounds, and what is not a number meets none") {
  const claims::Prediction least{
      .what = "", .formula = "", .figure = 0.5, .relation = Relation::at_least, .margin = 1};
  const claims::Prediction most{
      .what = "", .formula = "", .figure = 0.5, .relation = Relation::at_most, .margin = 1};
  CHECK(claims::agrees(least, 0.5));
  CHECK_FALSE(claims::agrees(least, 0.4999));
  CHECK(claims::agrees(most, 0.5));
  CHECK_FALSE(claims::agrees(most, 0.5001));
  for (const auto& one :
       {least, most, claims::Prediction{.what = "", .formula = "", .figure = 0.5, .share = 100}})
    CHECK_FALSE(claims::agrees(one, not_a_number));
}

TEST_CASE("claim: a wrong expectation is reported as failed, with both figures") {
  const Finding right = claims::examine(thirds(0.33)), wrong = claims::examine(thirds(0.33, 0.5));
  CHECK(right.reproduced());
  CHECK_FALSE(wrong.reproduced());
  REQUIRE(wrong.checks.size() == 2);
  CHECK_FALSE(wrong.checks[0].holds);
  CHECK(wrong.checks[1].holds);
  const std::string table = claims::findings_table({right, wrong});
  CHECK(table.find("FAILS") != std::string::npos);
  CHECK(table.find("0.5 ± 5 %") != std::string::npos);
  CHECK(table.find("1 reproduced, 1 failed") != std::string::npos);
  const auto json = nlohmann::json::parse(claims::findings_json({right, wrong}, 7));
  CHECK(json.at("seed") == 7);
  CHECK(json.at("failed") == 1);
  CHECK(json.at("claims")[1].at("reproduced") == false);
  CHECK(json.at("claims")[1].at("checks")[0].at("predicted") == 0.5);
  CHECK(json.at("claims")[1].at("checks")[0].at("seen") == 0.33);
  CHECK(claims::findings_markdown({wrong}).find("one \\| layer") != std::string::npos);
}

TEST_CASE("claim: an experiment that breaks off, or measures another number of figures, reproduces nothing") {
  Claim broken = thirds(0.33), short_one = thirds(0.33), empty = thirds(0.33);
  broken.measure = []() -> std::vector<double> { fail("the data is missing"); };
  short_one.measure = [] { return std::vector<double>{0.33}; };
  empty.predict = [] { return std::vector<claims::Prediction>{}; };
  empty.measure = [] { return std::vector<double>{}; };
  for (const auto& one : {broken, short_one, empty}) CHECK_FALSE(claims::examine(one).reproduced());
  CHECK(claims::examine(broken).error == "the data is missing");
  CHECK(claims::findings_table({claims::examine(broken)}).find("the data is missing") != std::string::npos);
  CHECK(nlohmann::json::parse(claims::findings_json({claims::examine(thirds(not_a_number))}, 0))
            .at("claims")[0]
            .at("checks")[0]
            .at("seen")
            .is_null());
}

TEST_CASE("claim: findings keep the order of the claims for any number of jobs") {
  for (const int jobs : {1, 2, 5}) {
    const auto findings = claims::examine_all({thirds(0.33), thirds(0.9), thirds(1.0 / 3)}, jobs);
    REQUIRE(findings.size() == 3);
    CHECK(findings[0].reproduced());
    CHECK_FALSE(findings[1].reproduced());
    CHECK(findings[2].checks[0].seen == 1.0 / 3);
  }
  CHECK_THROWS_AS(claims::examine_all({}, 0), Error);
}

TEST_CASE("claim: no line of the table is wider than 110 columns") {
  Claim wide = thirds(0.33);
  for (int i = 0; i < 60; ++i) wide.words += " σσσσσ", wide.setting += " ψψψψψ";
  wide.predict = [] {
    return std::vector<claims::Prediction>{
        {.what = std::string(150, 'w'), .formula = "1/3", .figure = 1.0 / 3, .share = 0.05},
        {.what = "units", .formula = std::string(90, 'f'), .figure = 8}};
  };
  const std::string text = claims::findings_table({claims::examine(wide)}) + claims::claims_list({wide});
  std::size_t from = 0;
  for (std::size_t to; (to = text.find('\n', from)) != std::string::npos; from = to + 1)
    CHECK(text::text_width(text.substr(from, to - from)) <= 110);
}

TEST_CASE("geometric fit: the factor of a geometric series, and a lower R² for one that is not") {
  const std::vector<double> series = {3, 1.5, 0.75, 0.375};
  const auto fit = statistics::geometric_fit(series);
  CHECK(fit.factor == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(fit.r2 == doctest::Approx(1).epsilon(1e-12));
  CHECK(statistics::geometric_fit(std::vector<double>{1, 100, 1, 100, 1}).r2 < 0.1);
  const auto line = statistics::linear_fit(std::vector<double>{1, 3, 5});
  CHECK(line.slope == doctest::Approx(2));
  CHECK(line.intercept == doctest::Approx(1));
  CHECK_THROWS_AS(statistics::geometric_fit(std::vector<double>{1, 0}), Error);
  CHECK_THROWS_AS(statistics::geometric_fit(std::vector<double>{1, not_a_number}), Error);
  CHECK_THROWS_AS(statistics::linear_fit(std::vector<double>{1}), Error);
}
