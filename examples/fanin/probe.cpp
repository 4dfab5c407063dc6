#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/compare/scheme.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/probe/schemes.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/probe_validation.hpp"

namespace fanin::program {
namespace {

struct ProbeFlags {
  std::string models = "mlp; lenet", schemes, data = "fashion-mnist", augment;
  Index batch = 256;
  std::uint64_t seed = 0;
  double lr = 0.1;
  bool detail = false, json = false, validate = false, validate_plan = false, only_held_out = false;
  int seeds = 3, threads = 2;  // of the validation
};

std::vector<probe::Probed> probe_model(const std::string& text, const ProbeFlags& flags,
                                       const models::InputSpec& input, const data::Batch& batch) {
  const auto model = models::build(text, input);
  std::vector<probe::Probed> all;
  const auto schemes = compare::parse_schemes(
      flags.schemes.empty() ? fmt::format("{}", fmt::join(probe::usual_schemes(*model), "; "))
                            : flags.schemes);
  for (const compare::Scheme& scheme : schemes) {
    const init::Plan* plan = scheme.start.plan();
    if (!plan) fail_usage("a probe looks at weights that are drawn, and '{}' loads them", scheme.label);
    all.push_back(probe::probe_scheme(*model, scheme.label, *plan, batch, flags.seed, flags.lr));
  }
  return all;
}

std::string share(double value) { return value == 0 ? "-" : fmt::format("{:.0f}%", 100 * value); }

void print_model(const std::string& text, const std::vector<probe::Probed>& all) {
  text::TextTable table({{"scheme"},
                         {"verdict"},
                         {"std, first → logits", true},
                         {"gradient, logits → first", true},
                         {"rank", true},
                         {"dead", true},
                         {"twins", true},
                         {"Jacobian σ", true},
                         {"stretch", true}});
  for (const auto& one : all) {
    const auto& layers = one.probe.layers;
    double rank = INFINITY, dead = 0, twins = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (i + 1 < layers.size() || layers.size() == 1) rank = std::min(rank, layers[i].rank);
      if (i + 1 < layers.size())
        dead = std::max(dead, layers[i].dead), twins = std::max(twins, layers[i].twins);
    }
    table.add(
        {one.scheme, one.diagnosis.to_string(), probe::range_text(layers.front().std, layers.back().std),
         probe::range_text(layers.back().gradient, layers.front().gradient), fmt::format("{:.1f}", rank),
         share(dead), share(twins), probe::three_digits(one.probe.jacobian.front()),
         probe::three_digits(probe::stretch_spread(one.probe))});
  }
  say("{}\n{}\n", text, table.to_string(output_width()));
  std::vector<std::string> explained;
  for (const auto& one : all) {
    const probe::Diagnosis& d = one.diagnosis;
    const std::string line = fmt::format("{} ({}): {}", probe::name_of(d.condition), d.measure, d.reason);
    if (d.trains() || std::find(explained.begin(), explained.end(), line) != explained.end()) continue;
    explained.push_back(line);
    say_prose("{}\n", line);
  }
  say_prose("recommended: {}\n", probe::recommendation(all));
}

void print_detail(const probe::Probed& one) {
  text::TextTable table({{"layer"},
                         {"mean", true},
                         {"std", true},
                         {"signal", true},
                         {"gradient", true},
                         {"rank", true},
                         {"dead", true},
                         {"saturated", true},
                         {"twins", true},
                         {"step", true}});
  for (const auto& layer : one.probe.layers) {
    table.add({layer.layer, probe::three_digits(layer.mean), probe::three_digits(layer.std),
               probe::three_digits(layer.signal), probe::three_digits(layer.gradient),
               fmt::format("{:.1f}", layer.rank), share(layer.dead), share(layer.saturated),
               share(layer.twins), probe::three_digits(layer.step)});
  }
  say_prose("\n{}: {}\n", one.scheme, one.diagnosis.to_string());
  if (!one.diagnosis.trains())
    say_prose("  {} {}: {}\n", one.diagnosis.measure, probe::three_digits(one.diagnosis.value),
              one.diagnosis.reason);
  say("{}", table.to_string(output_width()));
}

void run(const ProbeFlags& flags) {
  if (!(flags.lr > 0 && flags.lr <= 1e6))
    fail_usage("--lr must be above 0 and at most 1e6, got {}", flags.lr);
  const data::Normalization given = data::Transform::parse(flags.augment).normalization();
  if (flags.validate || flags.validate_plan) {
    if (flags.seeds < 1 || flags.seeds > 100)
      fail_usage("--seeds must be between 1 and 100, got {}", flags.seeds);
    if (flags.threads < 1 || flags.threads > 256)
      fail_usage("--threads must be between 1 and 256, got {}", flags.threads);
    data::Sets data = datasets::load_sets(flags.data);
    for (auto* half : {&data.training, &data.test}) half->normalize(given);
    const models::InputSpec input = input_of(data.training);
    const probe::ValidationSetup setup = {
        .build = [input](const std::string& text) { return models::build(text, input); },
        .data = std::move(data),
        .seeds = flags.seeds,
        .seed = flags.seed,
        .lr = flags.lr,
        .threads = flags.threads};
    return flags.validate ? validate_probe(setup, flags.data, flags.only_held_out, flags.json)
                          : validate_plan(setup, flags.data, flags.json);
  }
  if (flags.batch < 2 || flags.batch > 8192)
    fail_usage("--batch must be between 2 and 8192, got {}", flags.batch);
  const auto names = split_list(flags.models, ";");
  if (names.empty()) fail_usage("--models is empty; see fanin models");
  data::Dataset data = load_half(flags.data, datasets::Split::train);
  data.normalize(given);
  const data::Batch batch = probe::probe_batch(data, flags.batch, flags.seed);
  // all of them before the first line is printed: a typo may be in the last
  std::vector<std::vector<probe::Probed>> seen;
  for (const auto& text : names) {
    if (seen.emplace_back(probe_model(text, flags, input_of(data), batch)).empty())
      fail_usage("--schemes is empty; see fanin inits");
  }
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (flags.json) {
      report.push_back(nlohmann::ordered_json::parse(probe::probe_json(names[i], seen[i])));
      continue;
    }
    if (i > 0) say("\n");
    print_model(names[i], seen[i]);
    if (flags.detail) {
      for (const auto& one : seen[i]) print_detail(one);
    }
  }
  if (flags.json) {
    say("{}\n", nlohmann::ordered_json{{"data", data.name},
                                       {"batch", batch.size()},
                                       {"seed", flags.seed},
                                       {"lr", flags.lr},
                                       {"models", report}}
                    .dump(2));
    return;
  }
  say_prose(
      "\n{} samples of {}, seed {}. std: of a layer's outputs behind the activation; gradient: norm of d "
      "loss / d outputs; rank: least effective rank of a hidden layer's outputs "
      "over 64 samples; dead: units that say the same to every sample; twins: units identical to another; "
      "Jacobian σ: largest singular value of d logits / d input; stretch: geometric spread of all of them, "
      "1 when the net stretches every direction alike.{}\n",
      batch.size(), data.name, flags.seed, flags.detail ? "" : " --detail shows every layer.");
}

}  // namespace

void add_probe(CLI::App& app) {
  auto flags = std::make_shared<ProbeFlags>();
  CLI::App* command =
      app.add_subcommand("probe", "Tell before any training which initial weights will train");
  command->footer(
      "Examples:\n"
      "  fanin probe\n"
      "  fanin probe --models \"plain_net(depth=20, activation=tanh)\" --schemes \"default; xavier_normal; "
      "orthogonal; normal(std=0.01)\" --detail\n"
      "  fanin probe --models lenet --schemes \"default; {conv*=orthogonal; fc*=kaiming_normal}\"");
  command->add_option("--models,--model", flags->models, "models, separated by ;")->capture_default_str();
  command->add_option(
      "--schemes,--init", flags->schemes,
      "schemes or {plans}, separated by ;, orthogonal(gain={1, 1.41}) being two (default: the usual ones and "
      "those for the model's activation)");
  command->add_option("--data", flags->data, "data set, as in fanin train")->capture_default_str();
  add_skip_bad(*command, flags->data);
  command->add_option("--augment", flags->augment,
                      "as in fanin train: of it, a probe takes the normalisation");
  command->add_option("--batch", flags->batch, "samples to look at")->capture_default_str();
  command->add_option("--seed", flags->seed, "of the weights and the samples")
      ->capture_default_str()
      ->check(seed_number());
  command->add_option("--lr", flags->lr, "learning rate of the plain SGD that is to follow")
      ->capture_default_str();
  command->add_flag("--detail", flags->detail, "every scheme layer by layer");
  command->add_flag("--json", flags->json, "JSON on stdout");
  auto* validate =
      command->add_flag("--validate", flags->validate,
                        "train 300 (model, scheme) pairs for real: how often is the verdict right? Minutes");
  command
      ->add_flag("--held-out", flags->only_held_out,
                 "with --validate: only the pairs that no threshold comes from")
      ->needs(validate);
  auto* validate_plan =
      command->add_flag("--validate-plan", flags->validate_plan,
                        "train all schemes on 12 models for real: how good is the recommended one? Minutes");
  validate->excludes(validate_plan);
  auto* seeds = command
                    ->add_option("--seeds", flags->seeds,
                                 "runs a pair, with --validate or --validate-plan; the first has --seed")
                    ->capture_default_str();
  auto* threads =
      command->add_option("--threads", flags->threads, "runs at a time, with --validate or --validate-plan")
          ->capture_default_str();
  command->callback([flags, seeds, threads] {
    if (!flags->validate && !flags->validate_plan) {
      if (seeds->count() > 0) fail_usage("--seeds needs --validate or --validate-plan");
      if (threads->count() > 0) fail_usage("--threads needs --validate or --validate-plan");
    }
    run(*flags);
  });
}

}  // namespace fanin::program
