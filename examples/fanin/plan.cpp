#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/probe/deviation_score.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/sites.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/plan_signal.hpp"

namespace fanin::program {
namespace {

using nlohmann::ordered_json;

struct PlanFlags {
  std::string model = "lenet", init = "default", data, augment, input = "1x28x28";
  int classes = 10;
  std::uint64_t seed = 0;
  bool json = false;
};

struct Row {
  start::Drawn drawn;
  std::string from;                // the rule's pattern, or the layer's default
  std::optional<double> target{};  // std that the scheme aims at
  double score = 0;                // see probe::deviation_score
  Index count = 0;
  bool improbable() const { return score >= probe::improbable_score; }
};

/// "1x28x28" as channels, height, width.
models::InputSpec input_spec(const PlanFlags& flags) {
  models::InputSpec input{.classes = flags.classes};
  std::vector<Index> sizes;
  for (const auto& piece : split_list(flags.input, "x,")) {
    Index size = 0;
    const auto [end, status] = std::from_chars(piece.data(), piece.data() + piece.size(), size);
    if (status != std::errc() || end != piece.data() + piece.size() || size < 1 || size > 1 << 14) {
      fail_usage(
          "--input: '{}' in '{}' is not a size from 1 to 16384; write channels x height x width as 1x28x28",
          piece, flags.input);
    }
    sizes.push_back(size);
  }
  if (sizes.size() != 3)
    fail_usage("--input {} has {} sizes; write channels x height x width as 1x28x28", flags.input,
               sizes.size());
  if (sizes[0] * sizes[1] * sizes[2] > 1 << 22)
    fail_usage("--input {} has more than 2^22 numbers", flags.input);
  if (flags.classes < 1 || flags.classes > 1'000'000)
    fail_usage("--classes must be between 1 and 1000000, got {}", flags.classes);
  input.channels = sizes[0], input.height = sizes[1], input.width = sizes[2];
  return input;
}

/// What decided a parameter's scheme.
std::string origin_of(const init::Plan& plan, const init::Target& target) {
  const init::PlanRule* rule = plan.rule_for(target);
  if (!rule || !rule->init) return "layer's default";
  return rule->pattern.empty() ? "whole model" : rule->pattern;
}

/// `batch`, where there is one, is for the schemes that are fitted to data.
std::vector<Row> draw(nn::Module& model, const init::Plan& plan, std::uint64_t seed,
                      const data::Batch& batch) {
  Generator generator(seed);
  const auto drawn = batch.size() > 0 ? start::initialize(model, plan, generator, batch.images, batch.labels)
                                      : start::initialize(model, plan, generator);
  const auto parameters = model.named_parameters();
  const auto targets = start::targets_of(model);
  const auto sites = start::sites_of(model);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& parameter = parameters[i].parameter;
    const init::Target& target = targets[i];
    const init::Initializer* ruled = plan.lookup(target);
    Row row{.drawn = drawn[i], .from = origin_of(plan, target), .count = parameter->value.numel()};
    row.target =
        (ruled ? *ruled : parameter->init).at(sites[i]).deviation(parameter->value.shape(), parameter->fans);
    if (row.target) row.score = probe::deviation_score(parameter->value.values(), *row.target);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string number(double value) { return fmt::format("{:.4g}", std::abs(value) < 1e-300 ? 0.0 : value); }

void print_table(const PlanFlags& flags, const init::Plan& plan, const std::vector<Row>& rows) {
  text::TextTable table({{"parameter"},
                         {"shape"},
                         {"fan_in", true},
                         {"fan_out", true},
                         {"scheme"},
                         {"from"},
                         {"target std", true},
                         {"drawn std", true},
                         {"drawn mean", true},
                         {""}});
  Index total = 0;
  int improbable = 0;
  std::string notes;
  for (const auto& row : rows) {
    total += row.count;
    improbable += row.improbable();
    table.add({row.drawn.name, row.drawn.shape.to_string(), std::to_string(row.drawn.fans.in),
               std::to_string(row.drawn.fans.out), row.drawn.scheme, row.from,
               row.target ? number(*row.target) : "-", number(row.drawn.std), number(row.drawn.mean),
               row.improbable() ? "! improbable" : ""});
    if (!row.drawn.note.empty()) notes += fmt::format("note: {}: {}\n", row.drawn.name, row.drawn.note);
  }
  say("{}\n", table.to_string(output_width()));
  say_prose("model: {}, {} parameters in {} tensors\nplan: {}\nseed: {}\n", flags.model, total, rows.size(),
            plan.to_string(), flags.seed);
  say_prose("{}", notes);
  if (improbable > 0)
    say_prose("! the drawn std is {:g} standard errors or more from its target ({} of {} tensors)\n",
              probe::improbable_score, improbable, rows.size());
}

ordered_json to_json(const PlanFlags& flags, const init::Plan& plan, const std::vector<Row>& rows,
                     const models::InputSpec& input, const PlanSignal& signal) {
  ordered_json list = ordered_json::array();
  Index total = 0;
  for (const auto& row : rows) {
    total += row.count;
    std::vector<Index> sizes;
    for (int i = 0; i < row.drawn.shape.rank(); ++i) sizes.push_back(row.drawn.shape[i]);
    list.push_back({{"name", row.drawn.name},
                    {"shape", sizes},
                    {"fan_in", row.drawn.fans.in},
                    {"fan_out", row.drawn.fans.out},
                    {"scheme", row.drawn.scheme},
                    {"from", row.from},
                    {"target_std", row.target ? ordered_json(*row.target) : ordered_json(nullptr)},
                    {"std", row.drawn.std},
                    {"mean", row.drawn.mean},
                    {"improbable", row.improbable()},
                    {"note", row.drawn.note}});
  }
  return {{"model", flags.model},
          {"data", flags.data.empty() ? ordered_json(nullptr) : ordered_json(flags.data)},
          {"input", {input.channels, input.height, input.width}},
          {"classes", input.classes},
          {"plan", plan.to_string()},
          {"seed", flags.seed},
          {"parameter_count", total},
          {"parameters", list},
          {"signal", signal_json(signal)}};
}

/// Whether the schemes that are to be fitted look at no number of a batch.
bool fit_shape_alone(nn::Module& model, const init::Plan& plan, const std::vector<std::string>& fitted) {
  for (const auto& target : start::targets_of(model)) {
    const bool asks = std::find(fitted.begin(), fitted.end(), target.name) != fitted.end();
    const init::Initializer* scheme = plan.lookup(target);
    if (asks && (!scheme || !scheme->scheme().fits_shape_alone)) return false;
  }
  return true;
}

void run(const PlanFlags& flags) {
  const auto plan = init::Plan::parse(flags.init);
  models::InputSpec input;
  data::Batch batch;
  if (flags.data.empty()) {
    input = input_spec(flags);
  } else {
    data::Dataset data = load_half(flags.data, datasets::Split::train);
    data.normalize(data::Transform::parse(flags.augment).normalization());
    input = input_of(data);
    batch = initial_batch(data);
  }
  const auto model = models::build(flags.model, input);
  const Shape sample{input.channels, input.height, input.width};
  if (const auto fitted = start::fitted_parameters(*model, plan); !fitted.empty() && batch.size() == 0) {
    if (fit_shape_alone(*model, plan, fitted)) {
      batch.images = white_batch(sample);
      batch.labels.assign(static_cast<std::size_t>(batch.images.size(0)), 0);
    } else {
      fail_usage(
          "--init {} fits {} to a batch of training data: say which with --data, as in --data fashion-mnist",
          plan.to_string(), text::counted(fitted.size(), "parameter"));
    }
  }
  const auto rows = draw(*model, plan, flags.seed, batch);
  const auto signal =
      flags.data.empty() ? signal_on_noise(*model, sample) : signal_on(*model, batch.images, flags.data);
  if (flags.json) {
    say("{}\n", json_text(to_json(flags, plan, rows, input, signal)));
    return;
  }
  print_table(flags, plan, rows);
  print_signal(signal);
}

}  // namespace

void add_plan(CLI::App& app) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App* command =
      app.add_subcommand("plan", "Show what an initialization plan gives each parameter of a model");
  command->footer(
      "Examples:\n"
      "  fanin plan --model lenet\n"
      "  fanin plan --model \"mlp(hidden=256-128)\" --init \"kaiming_normal; fc3.weight=zeros; *.bias=constant(0.01)\" --seed 1\n"
      "  fanin plan --model resnet_small --init orthogonal --input 3x32x32 --classes 100");
  command->add_option("--model,--models", flags->model, "the model; fanin models lists them")
      ->capture_default_str();
  command
      ->add_option("--init,--schemes", flags->init,
                   "the plan: a scheme, or rules such as \"conv*=orthogonal; *.bias=zeros\"")
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "of the draw")->capture_default_str()->check(seed_number());
  add_skip_bad(*command, flags->data);
  auto* data = command->add_option(
      "--data", flags->data,
      "take image size and classes from this data set, and the batch that lsuv and its like are fitted to");
  command
      ->add_option("--augment", flags->augment, "as in fanin train: of it, the fit takes the normalisation")
      ->needs(data);
  command->add_option("--input", flags->input, "channels x height x width of an image")
      ->capture_default_str()
      ->excludes(data);
  command->add_option("--classes", flags->classes, "how many the model tells apart")
      ->capture_default_str()
      ->excludes(data);
  command->add_flag("--json", flags->json, "JSON on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
