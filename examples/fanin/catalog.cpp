#include <fmt/core.h>

#include <cstdlib>
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/wrap.hpp>
#include <fanin/init/suggest_scheme.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/inits_elsewhere.hpp"
#include "examples/fanin/option_words.hpp"

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
  const int width = output_width();
  say("{}{}", text::hanging("", signature(scheme), 0, width), text::hanging("", scheme.summary, 2, width));
  const auto line = [width](const char* what, const std::string& text) {
    if (!text.empty()) say("{}", text::hanging(fmt::format("  {}", what), text, 12, width));
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
    const int width = output_width();
    for (const auto* scheme : shown) say("{}", text::hanging(scheme->name, scheme->summary, 21, width));
    say("\n{}",
        text::hanging(
            "",
            "'default' stands for each layer's own. fanin inits NAME shows formula, paper, options, when to use "
            "it and when it fails.",
            0, width));
  }
}

template <class Option>
nlohmann::ordered_json options_json(const std::vector<Option>& options) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& option : options)
    json[option.name] = {{"default", option.fallback}, {"meaning", option.meaning}};
  return json;
}

/// Error (usage) where a name that was given is none of these.
void require_one_of(const char* kind, const std::string& name, const std::vector<std::string>& known) {
  if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end())
    fail_unknown(kind, name, known);
}

/// One's, or all where no name is given.
void list_models(const std::string& name, bool json) {
  require_one_of("model", name, model_names());
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& model : models::registry()) {
    if (!name.empty() && model.name != name) continue;
    const auto built = models::build(model.name, {});
    if (json) {
      all.push_back({{"name", model.name},
                     {"summary", model.summary},
                     {"example", model.example},
                     {"options", options_json(model.options)},
                     {"parameters", built->parameter_count()}});
      continue;
    }
    const int width = output_width(), margin = width < 60 ? 4 : 14;
    say("{}",
        text::hanging(model.name,
                      fmt::format("{} ({} parameters at 28×28)", model.summary, built->parameter_count()),
                      margin, width));
    say("{}", text::hanging("", model.example, margin, width));
    for (const auto& option : model.options)
      say("{}", text::hanging(std::string(static_cast<std::size_t>(margin), ' ') + option.name,
                              fmt::format("{} [{}]", option.meaning, option.fallback), margin + 13, width));
  }
  if (json) say("{}\n", all.dump(2));
}

void print_dataset_options(const std::vector<datasets::DatasetEntry::Option>& options) {
  for (const auto& option : options)
    say("{}", text::hanging("    " + option.name,
                            option.meaning + (option.fallback.empty() ? "" : " [" + option.fallback + "]"),
                            17, output_width()));
}

/// One's, or all where no name is given.
void list_datasets(const std::string& name, bool json) {
  require_one_of("data set", name, dataset_names());
  const auto shown = [&](const datasets::DatasetEntry& data) {
    return name.empty() || name_of(data) == name;
  };
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const auto& data : datasets::known_datasets()) {
      if (!shown(data)) continue;
      nlohmann::ordered_json options = options_json(data.options);
      options.update(options_json(datasets::selection_options()));
      all.push_back(
          {{"name", name_of(data)}, {"usage", data.usage}, {"summary", data.summary}, {"options", options}});
    }
    say("{}\n", all.dump(2));
    return;
  }
  const int width = output_width();
  for (const auto& data : datasets::known_datasets()) {
    if (!shown(data)) continue;
    say_prose("{}\n", data.usage);
    say("{}", text::hanging("", data.summary, 2, width));
    print_dataset_options(data.options);
  }
  say_prose("\nEvery data set takes these besides, as in \"mnist(only=0..4, per_class=10)\":\n");
  print_dataset_options(datasets::selection_options());
  const char* folder = std::getenv("FANIN_DATA");
  say("\n{}",
      text::hanging(
          "",
          fmt::format(
              "Files are looked for in $FANIN_DATA ({}), then in ./data, then where Debian's packages put them.",
              folder ? printable(folder) : "not set"),
          0, width));
}

/// A command that lists by `list(name, json)`.
void add_list(CLI::App* command, void (*list)(const std::string& name, bool json)) {
  struct Flags {
    std::string name;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("name", flags->name, "explain this one");
  command->add_flag("--json", flags->json, "a JSON list on stdout");
  command->callback([flags, list] { list(flags->name, flags->json); });
}

}  // namespace

void add_data(CLI::App& app) {
  CLI::App* command = app.add_subcommand("data", "List the data sets and their options, or explain one");
  command->footer("Examples:\n  fanin data\n  fanin data mnist");
  add_list(command, list_datasets);
}

void add_models(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("models", "List the models, their options and defaults, or explain one");
  command->footer("Examples:\n  fanin models\n  fanin models lenet");
  add_list(command, list_models);
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
