#include <fmt/ranges.h>

#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/compare/scheme.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/wrap.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/probe/probe_text.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

struct ProbeFlags {
  std::string models = "mlp; lenet", schemes, data = "fashion-mnist", augment;
  Index samples = 256, batch = train::TrainOptions{}.batch;
  int epochs = train::TrainOptions{}.epochs;
  std::uint64_t seed = 0;
  double lr = train::TrainOptions{}.optimizer.lr;
  bool detail = false, json = false;
};

/// A model and what was found of it.
struct Answer {
  std::string model;
  std::vector<probe::Probed> schemes;
  std::optional<probe::Recommendation> recommended;
};

Answer probe_model(const std::string& text, const ProbeFlags& flags, const models::InputSpec& input,
                   const probe::ProbeSetup& setup) {
  const auto model = models::build(text, input);
  Answer answer{.model = text, .schemes = {}, .recommended = {}};
  const auto schemes = compare::parse_schemes(
      flags.schemes.empty() ? fmt::format("{}", fmt::join(probe::usual_schemes(*model), "; "))
                            : flags.schemes);
  if (schemes.empty()) fail_usage("--schemes is empty; see fanin inits");
  for (const compare::Scheme& scheme : schemes) {
    const init::Plan* plan = scheme.start.plan();
    if (!plan) fail_usage("a probe looks at weights that are drawn, and '{}' loads them", scheme.label);
    answer.schemes.push_back(probe::probe_scheme(*model, scheme.label, *plan, setup));
  }
  answer.recommended = probe::recommend(*model, answer.schemes, setup);
  return answer;
}

/// Sentences are no easier to read in longer lines.
int prose_width() { return std::min(output_width(), 80); }

void print(const Answer& answer, const ProbeFlags& flags, const probe::ProbeSetup& setup) {
  say("{}\n{}", answer.model, probe::probe_table(answer.schemes, setup, output_width()));
  const std::string why =
      probe::probe_reasons(answer.schemes) + probe::recommendation_text(answer.recommended, answer.schemes);
  say("{}", text::folded(in_locale(why), prose_width()));
  if (!flags.detail) return;
  for (const auto& one : answer.schemes)
    say("\n{}: {}\n{}", one.scheme, one.diagnosis.to_string(), probe::layers_table(one));
}

std::string legend(const ProbeFlags& flags, const probe::ProbeSetup& setup, const std::string& data) {
  std::string said = fmt::format(
      "{} samples of {}, seed {}; the run: {} steps of {} samples, plain SGD. signal: whether it reaches every layer, "
      "and the gradient back. trains: whether the run will, with the chance for it, told from {} steps, the latter "
      "half at {} times the rate; a sound signal does not say so. "
      "sharp·lr: sharpness times rate, unstable above 2.",
      setup.batch.size(), data, flags.seed, setup.run.steps, setup.run.batch, setup.steps.size(),
      probe::pressure);
  if (flags.detail)
    said +=
        " corr: correlation of two samples; gradient: norm of d loss / d outputs; rank: effective, over 64 samples; "
        "dead: units that say the same to every sample; flat: outputs on the flat ends of the activation; twins: units "
        "identical to another; step: how much of the weights the first step replaces.";
  else
    said += " --detail shows every layer.";
  return text::hanging("", said, 0, prose_width());
}

void run(const ProbeFlags& flags) {
  if (!(flags.lr > 0 && flags.lr <= 1e6))
    fail_usage("--lr must be above 0 and at most 1e6, got {}", flags.lr);
  if (flags.samples < 2 || flags.samples > 8192)
    fail_usage("--samples must be between 2 and 8192, got {}", flags.samples);
  if (flags.batch < 1 || flags.batch > 8192)
    fail_usage("--batch must be between 1 and 8192, got {}", flags.batch);
  if (flags.epochs < 1 || flags.epochs > 1'000'000)
    fail_usage("--epochs must be between 1 and 1000000, got {}", flags.epochs);
  const data::Normalization given = data::Transform::parse(flags.augment).normalization();
  const auto names = split_list(flags.models, ";");
  if (names.empty()) fail_usage("--models is empty; see fanin models");
  data::Dataset data = load_half(flags.data, datasets::Split::train);
  data.normalize(given);
  const Index batch = std::min(flags.batch, data.count);
  const probe::PlannedRun planned = {
      .lr = flags.lr, .batch = batch, .steps = flags.epochs * ((data.count + batch - 1) / batch)};
  const auto setup = probe::ProbeSetup::of(data, flags.samples, planned, flags.seed);
  // all of them before the first line is printed: a typo may be in the last
  std::vector<Answer> answers;
  for (const auto& text : names) answers.push_back(probe_model(text, flags, input_of(data), setup));
  if (flags.json) {
    nlohmann::ordered_json report = nlohmann::ordered_json::array();
    for (const Answer& one : answers)
      report.push_back(probe::probe_json(one.model, one.schemes, one.recommended));
    const nlohmann::ordered_json all = {{"data", data.name},      {"samples", setup.batch.size()},
                                        {"seed", flags.seed},     {"lr", flags.lr},
                                        {"batch", planned.batch}, {"epochs", flags.epochs},
                                        {"steps", planned.steps}, {"trial_steps", setup.steps.size()},
                                        {"models", report}};
    return say("{}\n", io::json_text(all, 2));
  }
  for (const Answer& one : answers) {
    print(one, flags, setup);
    say("\n");
  }
  say("{}", legend(flags, setup, data.name));
}

}  // namespace

void add_probe(CLI::App& app) {
  auto flags = std::make_shared<ProbeFlags>();
  CLI::App* command = app.add_subcommand(
      "probe", "Tell before any training how far signal and gradient get, and whether a run will train");
  command->footer(
      "Examples:\n"
      "  fanin probe\n"
      "  fanin probe --models \"plain_net(depth=20, activation=tanh)\" --schemes \"default; xavier_normal; "
      "orthogonal; normal(std=0.01)\" --lr 0.03 --detail\n"
      "  fanin probe --models lenet --schemes \"default; {conv*=orthogonal; fc*=kaiming_normal}\"");
  command->add_option("--models,--model", flags->models, "models, separated by ;")->capture_default_str();
  command->add_option(
      "--schemes,--init", flags->schemes,
      "schemes or {plans}, separated by ;, orthogonal(gain={1, 1.41}) being two (default: the usual ones and "
      "those for the model's activation and build)");
  command->add_option("--data", flags->data, "data set, as in fanin train")->capture_default_str();
  add_skip_bad(*command, flags->data);
  command->add_option("--augment", flags->augment,
                      "as in fanin train: of it, a probe takes the normalisation");
  command->add_option("--samples", flags->samples, "to look at")->capture_default_str();
  command->add_option("--seed", flags->seed, "of the weights and the samples")
      ->capture_default_str()
      ->check(seed_number());
  command->add_option("--lr", flags->lr, "learning rate of the run that is to follow, plain SGD")
      ->capture_default_str();
  command->add_option("--epochs", flags->epochs, "of that run: a fiftieth of its steps is tried, at most 30")
      ->capture_default_str();
  command->add_option("--batch", flags->batch, "samples a step of that run")->capture_default_str();
  command->add_flag("--detail", flags->detail, "every scheme layer by layer");
  command->add_flag("--json", flags->json, "JSON on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
