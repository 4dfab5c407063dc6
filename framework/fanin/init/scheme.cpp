#include <algorithm>
#include <deque>
#include <mutex>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/scheme.hpp>

namespace fanin::init {
namespace {

struct Registry {
  std::mutex mutex;
  std::deque<SchemeInfo> schemes;  // a deque, since initializers point at its elements

  Registry() {
    for (auto family : {constant_family, random_family, variance_scaling_family, orthogonal_family,
                        sparse_family, identity_family, classic_family, mean_field_family, structural_family})
      for (SchemeInfo& scheme : family()) schemes.push_back(std::move(scheme));
  }

  const SchemeInfo* find(std::string_view name) const {
    for (const SchemeInfo& scheme : schemes)
      if (scheme.name == name ||
          std::find(scheme.aliases.begin(), scheme.aliases.end(), name) != scheme.aliases.end())
        return &scheme;
    return nullptr;
  }
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

const OptionSpec* SchemeInfo::base_option() const {
  const auto found =
      std::find_if(options.begin(), options.end(), [](const OptionSpec& option) { return option.is_base; });
  return found == options.end() ? nullptr : &*found;
}

std::vector<const SchemeInfo*> schemes() {
  const std::lock_guard lock(registry().mutex);
  std::vector<const SchemeInfo*> all;
  for (const SchemeInfo& scheme : registry().schemes) all.push_back(&scheme);
  return all;
}

const SchemeInfo* find_scheme(std::string_view name) {
  if (name.ends_with('_')) name.remove_suffix(1);
  const std::lock_guard lock(registry().mutex);
  return registry().find(name);
}

const SchemeInfo& register_scheme(SchemeInfo scheme) {
  const std::lock_guard lock(registry().mutex);
  if (!scheme.fill) fail("scheme {} has no fill function", quoted(scheme.name));
  for (const OptionSpec& option : scheme.options)
    if (*option.owner != *scheme.options[0].owner)
      fail("scheme {}: the options '{}' and '{}' are members of different structs", quoted(scheme.name),
           scheme.options[0].name, option.name);
  std::vector<std::string> names = scheme.aliases;
  names.push_back(scheme.name);
  for (const std::string& name : names) {
    if (Expression::parse(name).to_string() != name || name.ends_with('_'))
      fail("a scheme cannot be called {}", quoted(name));
    if (name == "default" || registry().find(name)) fail("the scheme name {} is taken", quoted(name));
  }
  return registry().schemes.emplace_back(std::move(scheme));
}

}  // namespace fanin::init
