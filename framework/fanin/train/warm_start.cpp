#include <algorithm>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/io/metadata_numbers.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/warm_start.hpp>

namespace fanin::train {
namespace {

/// `a+b+c` as a list.
std::vector<std::string> plus_list(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    if (end > begin) all.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

constexpr const char* head_note = "the head, new for this task";

}  // namespace

WarmStart WarmStart::parse(const std::string& text) {
  const CallOptions options(CallExpression::parse(text), "scheme",
                            {"file",
                             "head",
                             "key",
                             "keep_head",
                             "freeze",
                             "freeze_statistics",
                             "lr_body",
                             "layer_decay",
                             "head_epochs",
                             "unfreeze_every",
                             "l2_sp",
                             "l2_head",
                             "shrink",
                             "perturb",
                             "skip",
                             "adapt",
                             "strip_prefix",
                             "add_prefix",
                             "allow_missing",
                             "allow_unexpected",
                             "allow_nonfinite"});
  WarmStart warm;
  if (!options.has("file")) options.refuse("file", "a weight file, as in warm(lenet.safetensors)");
  warm.file = options.word("file", "");
  warm.key = options.word("key", "");
  warm.keep_head = options.flag("keep_head", false);
  warm.lr_body = options.number("lr_body", 1);
  if (warm.lr_body < 0) options.refuse("lr_body", "≥ 0");
  auto& tune = warm.finetune;
  tune.head = options.word("head", "");
  tune.freeze = plus_list(options.word("freeze", ""));
  tune.freeze_statistics = options.flag("freeze_statistics", true);
  tune.layer_decay = options.number("layer_decay", 1);
  tune.head_epochs = static_cast<int>(options.integer("head_epochs", 0, 0, 1'000'000));
  tune.unfreeze_every = static_cast<int>(options.integer("unfreeze_every", 0, 0, 1'000'000));
  tune.l2_sp = options.number("l2_sp", 0);
  tune.l2_head = options.number("l2_head", 0);
  if (options.has("shrink") || options.has("perturb")) {
    warm.shrink_perturb = start::ShrinkPerturbOptions{
        .shrink = options.number("shrink", 1), .perturb = options.number("perturb", 0), .except = {}};
  }
  auto& matching = warm.matching;
  matching.skip = plus_list(options.word("skip", ""));
  if (options.has("adapt")) matching.adapt = {start::parse_adapt_rule("*", options.word("adapt", ""))};
  matching.strip_prefix = options.word("strip_prefix", "");
  matching.add_prefix = options.word("add_prefix", "");
  matching.allow_nonfinite = options.flag("allow_nonfinite", false);
  matching.allow_missing = options.flag("allow_missing", false);
  matching.allow_unexpected = options.flag("allow_unexpected", false);
  return warm;
}

std::vector<std::string> head_parameters(nn::Module& model, const std::string& pattern) {
  const FineTuning tuning(model, {.head = pattern});
  std::vector<std::string> names;
  for (const auto& one : tuning.layers()) {
    if (one.head) names.push_back(one.name);
  }
  return names;
}

start::WarmStartReport WarmStart::start(nn::Module& model, std::uint64_t seed, const init::Plan& plan,
                                        const data::Batch* batch) const {
  start::WarmStartOptions options = matching;
  options.seed = derive_seed(seed, "adapt");
  const auto head = head_parameters(model, finetune.head);
  if (!keep_head) options.skip.insert(options.skip.end(), head.begin(), head.end());
  io::TensorFile saved = io::read_tensor_file(file, key);
  drop_training_state(saved);
  start::WarmStartReport report = start::load_state_dict(model, saved, options);
  Generator generator(seed);
  const auto parameters = model.named_parameters();
  const bool complete = std::none_of(parameters.begin(), parameters.end(), [](const auto& one) {
    return one.parameter->origin == nn::Origin::declared;
  });
  const auto drawn = complete && plan.to_string() == "default" ? start::initialize(model, generator)
                     : batch ? start::initialize(model, plan, generator, batch->images, batch->labels)
                             : start::initialize(model, plan, generator);
  for (auto& entry : report.entries) {
    if (entry.status != start::WarmStartReport::Status::skipped &&
        entry.status != start::WarmStartReport::Status::missing)
      continue;
    for (const auto& one : drawn) {
      if (one.name != entry.name || one.scheme == "loaded" || one.scheme == "kept") continue;
      const bool is_head = !keep_head && std::find(head.begin(), head.end(), one.name) != head.end();
      entry.note = fmt::format("{}drawn by {}", is_head ? fmt::format("{}: ", head_note) : "", one.scheme) +
                   (one.note.empty() ? "" : "; " + one.note);
    }
  }
  if (shrink_perturb) {
    Generator fresh(derive_seed(seed, "shrink and perturb"));
    start::ShrinkPerturbOptions body = *shrink_perturb;
    if (!keep_head) body.except = head;
    start::shrink_and_perturb(model, body, fresh);
  }
  return report;
}

data::Normalization WarmStart::normalization(Index channels) const {
  constexpr std::size_t most_channels = 1024;
  const io::TensorFile saved = io::read_tensor_file(file, key);
  const auto framework = saved.metadata.find("framework");
  if (framework == saved.metadata.end() || !framework->second.starts_with("fanin")) return {};
  const auto numbers = [&saved](const std::string& name, double least, double most) -> std::vector<double> {
    const auto text = saved.metadata.find(name);
    if (text == saved.metadata.end()) return {};
    return io::metadata_numbers(saved.path, name, text->second, most_channels, least, most);
  };
  data::Normalization found{numbers("mean", io::least_mean, io::most_mean),
                            numbers("stddev", io::least_stddev, io::most_stddev)};
  if (static_cast<Index>(found.mean.size()) != channels || found.stddev.size() != found.mean.size())
    return {};
  return data::Transform().normalize(std::move(found)).normalization();  // checked
}

FineTune WarmStart::tuning(nn::Module& model) const {
  FineTune tune = finetune;
  if (lr_body == 1) return tune;
  // The head's own rate stands behind the body's and before what was asked for by name.
  tune.rates = {{"*", lr_body}};
  for (const auto& name : head_parameters(model, finetune.head)) tune.rates.push_back({name, 1});
  tune.rates.insert(tune.rates.end(), finetune.rates.begin(), finetune.rates.end());
  return tune;
}

}  // namespace fanin::train
