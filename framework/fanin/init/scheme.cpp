#include <algorithm>
#include <iterator>

#include <fanin/core/fail.hpp>
#include <fanin/core/registry.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/scheme.hpp>

namespace fanin::init {
namespace {

using Schemes = Registry<SchemeInfo>;

std::vector<SchemeInfo> families() {
  std::vector<SchemeInfo> all;
  for (auto family : {constant_family, random_family, variance_scaling_family, orthogonal_family,
                      sparse_family, identity_family, classic_family, mean_field_family, structural_family})
    std::ranges::move(family(), std::back_inserter(all));
  return all;
}

Schemes& registry() {
  static Schemes instance("scheme", families());
  return instance;
}

}  // namespace

const OptionSpec* SchemeInfo::base_option() const {
  const auto found =
      std::find_if(options.begin(), options.end(), [](const OptionSpec& option) { return option.is_base; });
  return found == options.end() ? nullptr : &*found;
}

std::vector<const SchemeInfo*> schemes() { return registry().all(); }

const SchemeInfo* find_scheme(std::string_view name) {
  if (name.ends_with('_')) name.remove_suffix(1);
  return registry().find(name);
}

const SchemeInfo& register_scheme(SchemeInfo scheme) {
  if (!scheme.fill) fail("scheme {} has no fill function", in_quotes(scheme.name));
  for (const OptionSpec& option : scheme.options)
    if (*option.owner != *scheme.options[0].owner)
      fail("scheme {}: the options '{}' and '{}' are members of different structs", in_quotes(scheme.name),
           scheme.options[0].name, option.name);
  for (const std::string& name : Schemes::names_of(scheme)) {
    if (name.ends_with('_')) fail("a scheme cannot be called {}", in_quotes(name));
    if (name == "default") fail("the scheme name {} is taken", in_quotes(name));
  }
  return registry().add(std::move(scheme));
}

}  // namespace fanin::init
