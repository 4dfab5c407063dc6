#pragma once
#include <fmt/format.h>

#include <fanin/core/console.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/wrap.hpp>

namespace fanin {

/// Says prose on stdout as `say` does, each line folded to the width at hand. (Notes always are.)
template <class... Args>
void say_prose(fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  write_output(text::folded(in_locale(printable_lines(text)), output_width()));
}

}  // namespace fanin
