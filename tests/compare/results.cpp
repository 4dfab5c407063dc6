#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/compare/results_csv.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/core/error.hpp>

#include "tests/compare/synthetic.hpp"

using namespace fanin;
using namespace fanin::compare;
using namespace fanin::probe;

TEST_CASE("a run comes back from JSON as it was written") {
  Run run = synthetic_comparison().runs[16];
  run.seed = 18446744073709551615u;
  run.message = "line\nbreak \"quoted\" </script> ü";
  run.test_loss = HUGE_VAL;
  const std::string text = run_json(run);
  const Run back = run_from_json(text, "run.json");
  CHECK(run_json(back) == text);
  CHECK(back.seed == run.seed);
  CHECK(back.status == Status::diverged);
  CHECK(back.diverged_step == run.diverged_step);
  CHECK_FALSE(back.steps_to_threshold);
  CHECK(std::isnan(back.test_loss));
  CHECK(back.message == run.message);
  CHECK(back.loss_curve == run.loss_curve);
  CHECK(back.parameters[0].before.counts == run.parameters[0].before.counts);
  CHECK(back.parameters[0].spectrum_after.norm == run.parameters[0].spectrum_after.norm);
  CHECK(back.parameters[0].spectrum_after.values.size() == 16);
  CHECK(back.filters.before[3] == doctest::Approx(run.filters.before[3]).epsilon(1e-3));
}

TEST_CASE("steps to a threshold: never and not looked for are told apart, and old results are read") {
  Run run;
  CHECK(run_json(run).find("steps_to_threshold") == std::string::npos);
  run.threshold_sought = true;
  CHECK(run_json(run).find("\"steps_to_threshold\":null") != std::string::npos);
  run.steps_to_threshold = 0;
  CHECK(run_json(run).find("\"steps_to_threshold\":0") != std::string::npos);
  for (const auto& steps : {std::optional<Index>(), std::optional<Index>(7)}) {
    run.steps_to_threshold = steps;
    const Run back = run_from_json(run_json(run), "run.json");
    CHECK(back.threshold_sought);
    CHECK(back.steps_to_threshold == steps);
  }
  CHECK_FALSE(run_from_json(run_json(Run{}), "run.json").threshold_sought);
  const Run old = run_from_json(R"({"model": "m", "scheme": "s", "seed": 1, "status": "diverged",
                                    "diverged_step": null, "steps_to_threshold": null})",
                                "old.json");
  CHECK(old.status == Status::diverged);
  CHECK_FALSE(old.diverged_step);
  CHECK(old.rate == RatePick::common);
  CHECK(std::isnan(old.lr));
  CHECK(old.batch == 0);
}

TEST_CASE("what rates were tried comes back from results.json") {
  Comparison comparison = synthetic_comparison();
  comparison.runs.resize(2);
  comparison.runs[1].rate = RatePick::own;
  comparison.runs[1].lr = 0.03;
  comparison.tuning = {Run{.model = "lenet", .scheme = "default", .seed = 1'000'000, .lr = 0.3, .steps = 12}};
  comparison.windows = {Window{.subject = "lenet", .scheme = "zeros", .best_lr = 0.1, .at_edge = true}};
  const std::string text = comparison_json(comparison);
  const Comparison back = comparison_from_json(text, "results.json");
  CHECK(comparison_json(back) == text);
  CHECK(back.runs[1].rate == RatePick::own);
  CHECK(back.runs[1].lr == 0.03);
  REQUIRE(back.tuning.size() == 1);
  CHECK(back.tuning[0].steps == 12);
  REQUIRE(back.windows.size() == 1);
  CHECK(std::isnan(back.windows[0].low));
  CHECK(back.windows[0].at_edge);
}

TEST_CASE("results.json has the documented form") {
  Comparison comparison = synthetic_comparison();
  comparison.runs.resize(3);
  comparison.runs[1].test_accuracy = unknown;
  const auto json = nlohmann::json::parse(comparison_json(comparison));
  CHECK(json.at("schema") == results_schema);
  CHECK(json["settings"]["seeds"] == nlohmann::json({0, 1, 2}));
  CHECK(json["settings"]["training"]["optimizer"] == "sgd");
  CHECK(json["settings"]["training"]["batch"] == 64);
  CHECK(json["settings"]["training"]["nesterov"] == false);
  CHECK(json["runs"].size() == 3);
  CHECK(json["runs"][0]["history"].size() == 5);
  CHECK(json["runs"][1]["test_accuracy"].is_null());
  CHECK(json["summary"][0]["difference_to_default"].is_null());
  CHECK(json["summary"][1]["steps_to_threshold"].is_null());
  for (const char* key :
       {"model", "scheme", "mean", "ci95", "difference_to_default", "p_value", "diverged"}) {
    CHECK(json["summary"][1].contains(key));
  }
}

TEST_CASE("a comparison comes back from results.json") {
  const std::string text = comparison_json(synthetic_comparison());
  CHECK(comparison_json(comparison_from_json(text, "results.json")) == text);
}

TEST_CASE("bytes that are not UTF-8 do not stop a result from being written") {
  Run run;
  run.scheme = "bad \xff byte";
  CHECK(run_json(run).find("bad \xEF\xBF\xBD byte") != std::string::npos);
}

TEST_CASE("a damaged run file is an Error that says where") {
  const std::string good = R"("model": "m", "scheme": "s", "seed": 1, "status": "ok")";
  CHECK_NOTHROW(run_from_json("{" + good + "}", "r"));
  auto message = [](const std::string& text) {
    try {
      run_from_json(text, "r.json");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string long_list(100000, '[');
  for (const std::string& text :
       {std::string(),
        std::string("{"),
        std::string("[]"),
        std::string("3"),
        std::string("null"),
        long_list,
        std::string("{}"),
        "{" + good,
        "{" + good + ", \"history\": 3}",
        "{" + good + ", \"history\": [3]}",
        "{" + good + ", \"diverged_step\": 1.5}",
        "{" + good + ", \"diverged_step\": 18446744073709551615}",
        "{" + good + ", \"loss_curve\": [[1, 2, 3]]}",
        "{" + good + ", \"test_loss\": \"x\"}",
        "{" + good + ", \"parameters\": [{\"before\": {\"counts\": [null, \"a\"]}}]}",
        "{" + good +
            R"(, "filters": {"count": 1000000, "height": 1000000, "width": 1000000, "before": [1]}})",
        "{" + good + R"(, "filters": {"count": -1, "height": 1, "width": -1, "before": [1]}})",
        std::string(R"({"model": "m", "scheme": "s", "seed": -1, "status": "ok"})"),
        std::string(R"({"model": "m", "scheme": "s", "seed": 1, "status": "fine"})"),
        std::string(R"({"model": "m", "scheme": "s", "seed": 1, "status": null})"),
        "{" + good + R"(, "rate": "mine"})",
        "{" + good + R"(, "test_accuracy": 1.01})",
        "{" + good + R"(, "validation_accuracy": -1e308})"}) {
    CHECK_MESSAGE(message(text).starts_with("r.json"), text.substr(0, 200));
  }
  CHECK(message("{" + good + ", \"history\": [{}, {\"epoch\": \"x\"}]}") ==
        "r.json.history[1].epoch: expected a whole number, found string");
  CHECK_THROWS_AS(comparison_from_json("[]", "r"), Error);
  for (const char* settings : {R"("margin": 0)", R"("margin": -1)", R"("until": 1e300)", R"("until": -0.1)",
                               R"("classes": 0)", R"("classes": -3)", R"("threshold": 80)"}) {
    const std::string name = std::string(settings).substr(1, std::string(settings).find('"', 1) - 1);
    try {
      comparison_from_json("{\"settings\": {" + std::string(settings) + "}}", "r.json");
      FAIL("read: ", settings);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).starts_with("r.json.settings." + name + ": expected "));
    }
  }
}

TEST_CASE("results.csv has a header and a row a run, quoted where needed") {
  Comparison comparison;
  Run run;
  run.model = "mlp(hidden=256, activation=\"tanh\")";
  run.scheme = "zeros";
  run.seed = 7;
  run.status = Status::diverged;
  run.diverged_step = 12;
  run.test_accuracy = 0.1;
  run.validation_accuracy = 0.11;
  run.lr = 0.03;
  run.rate = RatePick::own;
  run.optimizer = "adam";
  run.batch = 64;
  run.message = "two\nlines";
  comparison.runs = {run, run, run};
  comparison.runs[1].threshold_sought = comparison.runs[2].threshold_sought = true;
  comparison.runs[2].steps_to_threshold = 300;
  const std::string rest = ",12,,,,\"two\nlines\"\n";
  const std::string row =
      "\"mlp(hidden=256, activation=\"\"tanh\"\")\",zeros,7,0.03,own,adam,64,diverged,0.1,,0.11,,0,";
  CHECK(comparison_csv(comparison) ==
        "model,scheme,seed,lr,rate,optimizer,batch,status,test_accuracy,test_loss,validation_accuracy,"
        "train_loss,epochs,steps_to_threshold,diverged_step,seconds,samples_per_s,plan,message\n" +
            row + rest + row + "inf" + rest + row + "300" + rest);
}
