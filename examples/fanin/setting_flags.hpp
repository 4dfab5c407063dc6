#pragma once
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/train/settings.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {

/// Offers the settings of one topic as flags of `command`, in the list's order. They write into `options`,
/// which must outlive it.
template <class Options>
void add_setting_flags(CLI::App& command, Options& options, train::Topic topic,
                       const std::string& group = {}) {
  train::each_setting(options, [&](const train::Setting& setting, auto& value) {
    using Value = std::remove_reference_t<decltype(value)>;
    if (setting.topic != topic || *setting.flag == '\0') return;
    CLI::Option* option = nullptr;
    if constexpr (std::is_same_v<Value, bool>) {
      option = command.add_flag(setting.flag, value, setting.help);
    } else if constexpr (std::is_arithmetic_v<Value>) {
      option = command.add_option(setting.flag, value, setting.help)->capture_default_str();
      if constexpr (std::is_same_v<Value, std::uint64_t>) option->check(seed_number());
    } else if constexpr (std::is_same_v<Value, std::string> ||
                         std::is_same_v<Value, std::vector<std::string>>) {
      option = command.add_option(setting.flag, value, setting.help);
    } else if constexpr (requires(const std::string& text) { train::read_setting(text, value); }) {
      option = command.add_option_function<std::string>(
          setting.flag, [&value](const std::string& text) { train::read_setting(text, value); },
          setting.help);
      option->default_str(train::setting_text(value));
    } else {
      fail("{}: a setting of this type cannot be a flag before it has a read_setting", setting.flag);
    }
    if (!group.empty()) option->group(group);
  });
}

}  // namespace fanin::program
