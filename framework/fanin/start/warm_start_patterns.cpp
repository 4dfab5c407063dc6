#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include <fanin/core/fail.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/init/unmatched.hpp>
#include <fanin/start/warm_start_patterns.hpp>

namespace fanin::start {
namespace {

/// A pattern to adapt is not of what is left out alone, but for `*`: a rule for whatever does not fit.
void require_effect(const std::string& pattern, const WarmStartOptions& options, const io::TensorFile& file,
                    const std::vector<std::string>& names) {
  if (pattern == "*") return;
  for (const std::string_view one : init::split_patterns(pattern)) {
    std::vector<std::string> covered;
    for (const auto& name : names)
      if (init::covers(one, name)) covered.push_back(name);
    if (!covered.empty() && std::all_of(covered.begin(), covered.end(),
                                        [&](const std::string& name) { return skipped(options, name); }))
      fail_usage(
          "{}: the pattern '{}' to adapt is of {} alone, which is left out: do not skip it, or, where it is the "
          "head that is drawn anew, load it: --keep-head",
          file.path, one, fmt::join(covered, ", "));
  }
}

}  // namespace

bool skipped(const WarmStartOptions& options, const std::string& name) {
  return std::any_of(options.skip.begin(), options.skip.end(),
                     [&](const std::string& pattern) { return init::covers(pattern, name); });
}

void require_effective_patterns(const WarmStartOptions& options, const io::TensorFile& file,
                                const std::vector<std::string>& names,
                                const std::vector<std::string>& saved) {
  std::vector<std::string> all = names;
  all.insert(all.end(), saved.begin(), saved.end());
  // Of what could not be read there is nothing to do, which is what skipping asks for.
  for (const io::LeftOut& one : file.left_out) all.push_back(one.name);
  const auto check = [&](const std::string& pattern, const char* what) {
    if (const auto idle = init::unmatched(pattern, all))
      fail_usage("{}: the pattern '{}' to {} matches no tensor{}", file.path, *idle, what,
                 suggest(*idle, names));
  };
  for (const auto& pattern : options.skip) check(pattern, "skip");
  for (const auto& rule : options.adapt) {
    check(rule.pattern, "adapt");
    require_effect(rule.pattern, options, file, names);
  }
}

}  // namespace fanin::start
