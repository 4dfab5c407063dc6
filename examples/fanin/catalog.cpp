#include <fmt/core.h>

#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/error.hpp>
#include <fanin/init/suggest_scheme.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/inits_elsewhere.hpp"

namespace fanin::program {
namespace {

std::string option_text(const init::OptionSpec& option) {
  const auto* number = std::get_if<double>(&option.standard);
  return fmt::format("{}={}", option.name,
                     number ? number_text(*number) : std::get<std::string>(option.standard));
}

std::string signature(const init::SchemeInfo& scheme) {
  std::string text = scheme.name;
  for (std::size_t i = 0; i < scheme.options.size(); ++i)
    text += (i == 0 ? "(" : ", ") + option_text(scheme.options[i]);
  return scheme.options.empty() ? text : text + ")";
}

void print_scheme(const init::SchemeInfo& scheme) {
  say("{}\n  {}\n", signature(scheme), scheme.summary);
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) say("  {:<9} {}\n", what, text);
  };
  line("formula", scheme.formula);
  line("paper", scheme.paper);
  line("use", scheme.use);
  line("fails", scheme.fails);
  std::string aliases;
  for (const auto& alias : scheme.aliases) aliases += (aliases.empty() ? "" : ", ") + alias;
  line("also", aliases);
  for (const auto& option : scheme.options) {
    std::string words;
    for (const auto& word : option.limits.words) words += (words.empty() ? " (" : ", ") + word;
    line("option",
         fmt::format("{}: {}{}", option_text(option), option.meaning, words.empty() ? "" : words + ")"));
  }
}

nlohmann::ordered_json scheme_json(const init::SchemeInfo& scheme) {
  nlohmann::ordered_json json = {{"name", scheme.name},       {"aliases", scheme.aliases},
                                 {"summary", scheme.summary}, {"formula", scheme.formula},
                                 {"paper", scheme.paper},     {"use", scheme.use},
                                 {"fails", scheme.fails}};
  json["options"] = nlohmann::ordered_json::object();
  for (const auto& option : scheme.options) {
    if (const auto* number = std::get_if<double>(&option.standard))
      json["options"][option.name] = *number;
    else
      json["options"][option.name] = std::get<std::string>(option.standard);
  }
  return json;
}

void list_schemes(const std::string& name, bool json) {
  std::vector<const init::SchemeInfo*> shown = init::schemes();
  if (!name.empty()) {
    if (name == "default") {
      fail_usage(
          "'default' is no scheme of its own: it stands for each layer's own one; fanin plan --model NAME shows which they are");
    }
    const auto* one = init::find_scheme(name);
    if (one == nullptr) fail_usage("unknown scheme '{}'{}", name, init::suggest_scheme(name));
    shown = {one};
  }
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const auto* scheme : shown) all.push_back(scheme_json(*scheme));
    say("{}\n", all.dump(2));
  } else if (!name.empty()) {
    print_scheme(*shown[0]);
  } else {
    for (const auto* scheme : shown) say("{:<20} {}\n", scheme->name, scheme->summary);
    say("\n'default' stands for each layer's own. fanin inits NAME shows formula, paper, options, when to use it and when it fails.\n");
  }
}

void list_models(bool json) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& model : models::registry()) {
    const auto built = models::build(model.name, {});
    if (json) {
      nlohmann::ordered_json options = nlohmann::ordered_json::object();
      for (const auto& option : model.options)
        options[option.name] = {{"default", option.fallback}, {"meaning", option.meaning}};
      all.push_back({{"name", model.name},
                     {"summary", model.summary},
                     {"example", model.example},
                     {"options", options},
                     {"parameters", built->parameter_count()}});
      continue;
    }
    say("{:<13} {} ({} parameters at 28×28)\n              {}\n", model.name, model.summary,
        built->parameter_count(), model.example);
    for (const auto& option : model.options)
      say("              {:<11} {} [{}]\n", option.name, option.meaning, option.fallback);
  }
  if (json) say("{}\n", all.dump(2));
}

}  // namespace

void add_models(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("models", "List the models, their options and defaults");
  command->add_flag("--json", *json, "a JSON list on stdout");
  command->callback([json] { list_models(*json); });
}

void add_inits(CLI::App& app) {
  struct Flags {
    std::string name, of;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("inits", "List the initializers, or explain one");
  command->footer("Examples:\n  fanin inits\n  fanin inits orthogonal\n  fanin inits --of keras");
  auto* name = command->add_option("name", flags->name, "explain this one");
  command
      ->add_option("--of", flags->of,
                   "another framework's, and what draws the same here: pytorch, keras …, or all")
      ->excludes(name);
  command->add_flag("--json", flags->json, "a JSON list on stdout");
  command->callback([flags] {
    if (flags->of.empty())
      list_schemes(flags->name, flags->json);
    else
      list_elsewhere(flags->of, flags->json);
  });
}

}  // namespace fanin::program
