#include <regex>
#include <unordered_map>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/start/rename.hpp>

namespace fanin::start {
namespace {

void strip(const io::TensorFile& file, const std::string& prefix, std::vector<std::string>& names) {
  bool changed = false;
  for (auto& name : names) {
    if (!name.starts_with(prefix)) continue;
    name.erase(0, prefix.size());
    changed = true;
  }
  if (changed) return;
  for (const io::StoredDict& dict : file.dicts) {
    if (dict.path + "." == prefix || dict.path == prefix)
      fail_usage("{}: '{}' is a dict of its own, of {} tensors: choose it, --key {}", file.path, dict.path,
                 dict.count, shell_word(dict.path));
  }
  fail_usage("{}: no tensor name starts with '{}', which was to be stripped", file.path, prefix);
}

void replace(const io::TensorFile& file, const Rename& rename, std::vector<std::string>& names) {
  bool changed = false;
  try {
    const std::regex expression(rename.pattern);
    for (auto& name : names) {
      if (!std::regex_search(name, expression)) continue;
      name = std::regex_replace(name, expression, rename.replacement);
      changed = true;
    }
  } catch (const std::regex_error& error) {
    fail_usage("rename '{}': not a regular expression: {}", rename.pattern, error.what());
  }
  if (!changed)
    fail_usage("{}: no tensor name matches '{}', which was to be renamed", file.path, rename.pattern);
}

}  // namespace

std::vector<std::string> renamed(const io::TensorFile& file, const Renaming& renaming) {
  std::vector<std::string> names;
  for (const auto& tensor : file.tensors) names.push_back(tensor.name);
  if (!renaming.strip_prefix.empty()) strip(file, renaming.strip_prefix, names);
  for (const auto& rename : renaming.rename) replace(file, rename, names);
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i].insert(0, renaming.add_prefix);
    const auto [other, fresh] = seen.emplace(names[i], i);
    if (!fresh) {
      fail_usage("{}: '{}' and '{}' are both renamed to '{}'", file.path, file.tensors[other->second].name,
                 file.tensors[i].name, names[i]);
    }
  }
  return names;
}

}  // namespace fanin::start
