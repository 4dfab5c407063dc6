// A scheme that a user registers can do all that the built-in ones do.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include <fanin/core/error.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/init/init.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

struct UnitOptions {
  double target = 1;
  int rounds = 1;
  bool always = true;
  init::Fan mode = init::Fan::in;
  init::Base base = "normal";
};

struct Seen {
  int filled = 0, fitted = 0;
};

/// "unit_output": each layer scaled to the target deviation, once more a round. What it did is told to the
/// one who registered it.
std::shared_ptr<Seen> seen() {
  static const auto told = [] {
    const auto state = std::make_shared<Seen>();
    init::register_scheme(
        {.name = "unit_output",
         .options = {{"target", &UnitOptions::target, "deviation of each layer's output", {.least = 1e-6}},
                     {"rounds", &UnitOptions::rounds, "corrections a layer", {.least = 1, .most = 9}},
                     {"always", &UnitOptions::always, "even where it is near"},
                     {"mode", &UnitOptions::mode, "which fan"},
                     init::base_option(&UnitOptions::base)},
         .summary = "scales each layer's output",
         .formula = "w ← w target / σ",
         .paper = "-",
         .use = "a test",
         .fails = "never",
         .least_rank = 2,
         .fill =
             [state](Tensor& w, const init::Site& site, Generator& gen, const UnitOptions& options) {
               ++state->filled;
               init::parse(options.base.text).fill(w, site, gen);
             },
         .fit =
             [state](const start::Fitting& fitting) {
               std::vector<std::string> left;
               for (const nn::Module* layer :
                    start::in_run_order(fitting.model, fitting.fits, fitting.samples.images))
                 for (const auto& fit : fitting.fits) {
                   if (fit.owner != layer) continue;
                   ++state->fitted;
                   const auto& options = fit.scheme.options<UnitOptions>();
                   for (int round = 0; round < options.rounds; ++round) {
                     const Tensor output =
                         start::output_of(fitting.model, *layer, fitting.samples.images, fit.name);
                     start::scale(fit.parameter->value.values(),
                                  options.target / moments(output.values()).std);
                   }
                 }
               return std::vector<std::string>(fitting.fits.size());
             }});
    return state;
  }();
  return told;
}

Tensor images() {
  Tensor x(Shape{16, 1, 28, 28});
  Generator(3).normal(x.values(), 0.3, 1);
  return x;
}

const std::vector<std::int32_t> labels = std::vector<std::int32_t>(16, 1);

}  // namespace

TEST_CASE("a scheme of one's own: it is fitted to data as the built-in ones are, and may hold state") {
  const auto state = seen();
  *state = {};
  const auto net = models::build("plain_net(depth=4, width=16, activation=tanh)", {});
  Generator generator(5);
  const auto drawn = start::initialize(*net, "unit_output(target=2, rounds=6)", generator, images(), labels);
  int layers = 0;
  for (const auto& one : drawn)
    if (one.shape.rank() >= 2) {
      ++layers;
      CHECK(one.scheme == "unit_output(target=2, rounds=6)");
      CHECK(one.note.empty());
      CHECK(net->parameter(one.name)->drawn_by == init::parse("unit_output(2, 6)"));
    } else {
      CHECK(one.scheme == "zeros");
    }
  CHECK(layers >= 4);
  CHECK(state->filled == layers);
  CHECK(state->fitted == layers);
  int outputs = 0;
  const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
    if (!module.has_matrix()) return;
    ++outputs;
    CHECK(moments(out.values()).std == doctest::Approx(2).epsilon(0.001));
  });
  (*net)(images());
  CHECK(outputs == layers);
}

TEST_CASE("a scheme of one's own: its base shares the draw, and without a batch it is refused") {
  seen();
  const auto net = models::build("lenet", {}), base = models::build("lenet", {});
  Generator one(5), two(5);
  start::initialize(*net, "unit_output", one, images(), labels);
  start::initialize(*base, "normal", two);
  const auto fitted = net->parameter("fc1.weight")->value.to_vector(),
             drawn = base->parameter("fc1.weight")->value.to_vector();
  for (std::size_t i = 0; i < drawn.size(); i += 97)
    CHECK(fitted[i] / fitted[7] == doctest::Approx(drawn[i] / drawn[7]).epsilon(1e-4));
  CHECK(start::fitted_parameters(*models::build("lenet", {}), init::Plan::parse("unit_output")).size() == 5);
  const auto bare = models::build("lenet", {});
  CHECK(holds(usage_message([&] { start::initialize(*bare, "unit_output", one); }),
              "fits weights to a batch of training data"));
}

TEST_CASE("a scheme of one's own: every type of option is parsed, printed and checked") {
  seen();
  const char* text = "unit_output(target=0.5, rounds=3, always=false, mode=fan_out, base=orthogonal(gain=2))";
  const init::Initializer parsed = init::parse(text);
  CHECK(parsed.to_string() == text);
  CHECK(parsed == init::Initializer("unit_output", UnitOptions{.target = 0.5,
                                                               .rounds = 3,
                                                               .always = false,
                                                               .mode = init::Fan::out,
                                                               .base = "orthogonal(gain=2)"}));
  CHECK(init::Initializer("unit_output").to_string() == "unit_output");
  CHECK(parsed.options<UnitOptions>().rounds == 3);
  CHECK(parsed.options_if<init::KaimingOptions>() == nullptr);
  CHECK_THROWS_AS(parsed.options<init::KaimingOptions>(), Error);
  CHECK_THROWS_AS(init::Initializer("unit_output", init::KaimingOptions{}), Error);
  CHECK_THROWS_AS(init::Initializer("unit_output", UnitOptions{.rounds = 10}), Error);
  const auto refused = [](const char* wrong) { return usage_message([&] { init::parse(wrong); }); };
  CHECK(holds(refused("unit_output(rounds=1.5)"), "rounds = '1.5' must be a whole number in [1, 9]"));
  CHECK(holds(refused("unit_output(always=maybe)"), "must be one of true, false"));
  CHECK(holds(refused("unit_output(mode=fan)"), "must be one of fan_in, fan_out, fan_avg"));
  CHECK(holds(refused("unit_output(base=lsuv)"), "must be a scheme that needs no data"));
  CHECK(holds(message([] {
                init::register_scheme(
                    {.name = "mixed",
                     .options = {{"a", &UnitOptions::target, ""}, {"b", &init::KaimingOptions::a, ""}},
                     .fill = [](Tensor&, const init::Site&, Generator&) {}});
              }),
              "members of different structs"));
}
