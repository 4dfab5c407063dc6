#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include <fanin/compare/json_values.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/same_bits.hpp>

namespace fanin::compare {
namespace {

/// What tells the runs of a comparison apart.
constexpr std::initializer_list<const char*> key_fields = {"model",     "scheme", "seed", "lr",
                                                           "optimizer", "batch",  "rate"};
/// What no two runs have in common.
constexpr std::initializer_list<const char*> times = {"seconds", "samples_per_s"};

/// A run by what tells it apart, and all else of it that must be equal.
struct Facts {
  Json key, values;
};

Facts facts_of(const Run& run) {
  Facts facts{Json::object(), Json::parse(run_json(run))};  // by way of the text, where NaN is null
  for (const char* name : key_fields) {
    if (facts.values.contains(name)) facts.key[name] = facts.values[name];
  }
  for (const char* name : times) facts.values.erase(name);
  for (Json& epoch : facts.values["history"]) {
    for (const char* name : times) epoch.erase(name);
  }
  return facts;
}

/// "mlp / default / seed 0"; a subject's name holds its place on the grid's other axes.
std::string name_of(const Run& run) {
  return fmt::format("{} / {} / seed {}{}", run.model, run.scheme, run.seed,
                     run.rate == RatePick::own ? " / own rate" : "");
}

using Named = std::vector<std::pair<std::string, std::string>>;

/// Everything that a comparison was made with, under the names that sentences use.
Named conditions(const Comparison& comparison) {
  const train::Provenance& made = comparison.provenance;
  Named all = {{"version", made.version}, {"CPU", made.cpu}, {"instruction set", made.isa}};
  for (const train::DataSum& one : made.data) {
    all.emplace_back(one.part + " data",
                     fmt::format("{} ({} images, checksum {})", one.name, one.count, one.checksum));
  }
  for (const auto& [name, value] : comparison.settings.training) all.emplace_back("setting " + name, value);
  return all;
}

}  // namespace

std::vector<RunAgain> runs_again(const Comparison& then, const Comparison& now) {
  std::vector<Facts> made;
  for (const Run& run : now.runs) made.push_back(facts_of(run));
  std::vector<RunAgain> all;
  for (const Run& run : then.runs) {
    const Facts facts = facts_of(run);
    RunAgain& one = all.emplace_back(RunAgain{.run = name_of(run)});
    const auto found =
        std::find_if(made.begin(), made.end(), [&](const Facts& other) { return other.key == facts.key; });
    one.made = found != made.end();
    if (!one.made) continue;
    for (const auto& item : facts.values.items()) {
      if (found->values.value(item.key(), Json()) != item.value()) one.differing.push_back(item.key());
    }
  }
  return all;
}

std::vector<std::string> changed_conditions(const Comparison& then, const Comparison& now) {
  const Named before = conditions(then), after = conditions(now);
  const auto value_in = [](const Named& all, const std::string& name) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
    return found == all.end() || found->second.empty() ? std::string("not known") : found->second;
  };
  std::vector<std::string> sentences;
  const auto compare = [&](const std::string& name) {
    const std::string old_value = value_in(before, name), new_value = value_in(after, name);
    if (old_value != new_value)
      sentences.push_back(fmt::format("another {}: {} then, {} now", name, old_value, new_value));
  };
  for (const auto& one : before) compare(one.first);
  for (const auto& one : after) {
    if (std::none_of(before.begin(), before.end(), [&](const auto& old) { return old.first == one.first; }))
      compare(one.first);
  }
  return sentences;
}

}  // namespace fanin::compare
