#include "examples/fanin/command_words.hpp"

#include <algorithm>
#include <fstream>

namespace fanin::program {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

bool changes_results(const std::string& name) {
  static const std::vector<std::string> beside = {
      "--out",       "--output",           "--json",  "--format",     "--live",   "--log",
      "--jobs",      "--threads",          "--again", "--trust-plan", "--resume", "--checkpoint",
      "--confusion", "--checkpoint-every", "--keep",  "--keep-best",  "--quiet"};
  return std::find(beside.begin(), beside.end(), name) == beside.end();
}

std::vector<std::string> own_words() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

CommandLine command_line(const CLI::App& command, std::vector<std::string> words) {
  if (words.size() < 2) return {};
  words[0] = "fanin";
  CommandLine line{.all = words, .reproduce = {words[0], words[1]}};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    const bool joined = name.size() < words[i].size();
    const CLI::Option* option = name.starts_with("--") ? command.get_option_no_throw(name) : nullptr;
    const bool has_value = option && takes_value(*option);
    const std::size_t last = has_value && !joined && i + 1 < words.size() ? i + 1 : i;
    const std::string value = joined ? words[i].substr(name.size() + 1) : words[last];
    const bool usual = has_value && value == option->get_default_str();
    if (!option || (changes_results(name) && !usual))
      line.reproduce.insert(line.reproduce.end(), words.begin() + static_cast<std::ptrdiff_t>(i),
                            words.begin() + static_cast<std::ptrdiff_t>(last) + 1);
    i = last;
  }
  return line;
}

std::vector<std::string> reproducing_words(const CLI::App& command,
                                           const std::map<std::string, std::string>& settled) {
  std::vector<std::string> words = {"fanin", command.get_name()};
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (const auto found = settled.find(name); found != settled.end()) {
      words.insert(words.end(), {name, found->second});
      continue;
    }
    if (option->count() == 0 || !changes_results(name)) continue;
    if (!takes_value(*option)) {
      words.push_back(name);
      continue;
    }
    for (const std::string& value : option->results())
      if (value != option->get_default_str()) words.insert(words.end(), {name, value});
  }
  return words;
}

}  // namespace fanin::program
