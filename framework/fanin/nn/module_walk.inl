// How the files of Module go through a model; included by those alone.
#pragma once
#include <fmt/format.h>

#include <string>
#include <unordered_set>

#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// The full name of what is called `name` below `prefix`.
inline std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// Lets the Error of a parameter without values say its full name.
inline void say_whose(nn::Parameter& parameter, const std::string& name) {
  if (!parameter.value.has_values()) parameter.value.unset(fmt::format("parameter '{}'", name));
}

/// Calls visit(full name, module) for `module` and all below it, parents first, under every name a module
/// has.
template <class AModule, class Visit>
void Module::walk(AModule& module, const std::string& name, const Visit& visit) {
  module.require_whole();
  visit(name, module);
  for (const auto& [child_name, child] : module.children())
    walk<AModule>(*child, join(name, child_name), visit);
}

/// The same, but each module once, under its first name.
template <class AModule, class Visit>
void Module::walk_once(AModule& module, const Visit& visit) {
  std::unordered_set<const Module*> seen;
  walk(module, "", [&](const std::string& name, AModule& one) {
    if (seen.insert(&one).second) visit(name, one);
  });
}

}  // namespace fanin::nn
