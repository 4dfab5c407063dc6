#include "examples/fanin/option_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include <fanin/init/elsewhere.hpp>
#include <fanin/init/scheme.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/optim/schedule.hpp>
#include <fanin/optim/update_rule.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/command_words.hpp"
#include "examples/fanin/compare_flags.hpp"
#include "examples/fanin/prediction_output.hpp"

namespace fanin::program {
namespace {

using Words = std::vector<std::string>;

Words scheme_names() {
  Words names = {"default"};
  for (const auto* scheme : init::schemes()) names.push_back(scheme->name);
  return names;
}

Words command_names(const CLI::App& command) {
  Words names;
  for (const CLI::App* one : command.get_parent()->get_subcommands({})) names.push_back(one->get_name());
  return names;
}

/// Words of an option of every command that has it, or of one command's alone.
struct Known {
  const char* option;   ///< as CLI11 names it: "--data", or a place's name
  const char* command;  ///< empty: any
  std::function<Words(const CLI::App&)> words;
};

const std::vector<Known>& all_known() {
  const auto these = [](Words words) {
    return [words = std::move(words)](const CLI::App&) { return words; };
  };
  const auto made = [](Words (*names)()) { return [names](const CLI::App&) { return names(); }; };
  static const std::vector<Known> known = {
      {"--model", "", made(model_names)},
      {"--init", "", made(scheme_names)},
      {"scheme", "init", made(scheme_names)},
      {"name", "inits", made(scheme_names)},
      {"name", "models", made(model_names)},
      {"name", "data", made(dataset_names)},
      {"--of", "inits",
       [](const CLI::App&) {
         Words names = init::frameworks_elsewhere();
         names.emplace_back("all");
         return names;
       }},
      {"--data", "", made(dataset_names)},
      {"--fit-data", "", made(dataset_names)},
      {"--optimizer", "", made(optim::update_rule_names)},
      {"--schedule", "", made(optim::Schedule::names)},
      {"--last-batch", "", these({"auto", "keep", "drop", "spread"})},
      {"--best-by", "", these({"accuracy", "loss"})},
      {"--class-weights", "", these({"balanced", "none"})},
      {"--checkpoint-every", "", these({"epoch"})},
      {"--labels-per-class", "", these({"all"})},
      {"--split", "evaluate", these({"test", "train", "validation"})},
      {"--format", "compare", [](const CLI::App&) { return formats.names(); }},
      {"--format", "predict", [](const CLI::App&) { return prediction_forms(); }},
      {"--background", "", these({"white", "black"})},
      {"--dtype", "", these({"f32", "f16", "bf16"})},
      {"function", "gain", [](const CLI::App&) -> Words { return nn::activation_names(); }},
      {"command", "help", command_names},
      {"shell", "completion", these({"bash", "zsh", "fish"})},
  };
  return known;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& model : models::registry()) names.push_back(model.name);
  return names;
}

std::string name_of(const datasets::DatasetEntry& data) { return data.usage.substr(0, data.usage.find('(')); }

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const auto& data : datasets::known_datasets()) names.push_back(name_of(data));
  return names;
}

std::vector<std::string> option_words(const CLI::App& command, const CLI::Option& option) {
  for (const Known& one : all_known())
    if (option.check_name(one.option) && (*one.command == '\0' || command.get_name() == one.command))
      return one.words(command);
  return {};
}

bool may_be_file(const CLI::App& command, const CLI::Option& option) {
  return option.get_type_name().starts_with("TEXT") && option_words(command, option).empty();
}

std::string suggest_word(const CLI::App& command, const std::string& flag) {
  const std::string word = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
  for (const CLI::Option* option : command.get_options()) {
    const Words words = option_words(command, *option);
    if (option->nonpositional() && std::find(words.begin(), words.end(), word) != words.end())
      return fmt::format("; did you mean '{} {}'?", option->get_name(), word);
  }
  return "";
}

}  // namespace fanin::program
