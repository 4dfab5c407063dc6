#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

/// @file
/// What a program says: results on stdout, all else on stderr. A write that fails never ends a run;
/// `close_output` tells of results that did not arrive. All of it is printable, whatever it quotes: control
/// characters but the line's end become visible.
namespace fanin {

/// To be called before anything else. Closed standard streams get /dev/null, so that no file opened later
/// takes their place and what is said into it; writes past a pipe's end or a file-size limit fail with a
/// reason rather than kill.
void prepare_streams();

/// @{
/// On stderr, lines folded to its width: a line ends with its own "\n". What cannot be written there is dropped:
/// progress is worth less than the run it tells of.
void write_note(std::string_view text);
template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) noexcept {
  try {
    write_note(fmt::format(format, std::forward<Args>(args)...));
  } catch (...) {  // no memory for it
  }
}
/// @}

/// From here on nothing is noted on stderr, and no live line shown, but errors.
void silence();

/// A program's last word on stderr, on one line and printable whatever it quotes.
void note_error(const std::string& program, std::string message);

/// @{
/// On stdout, as it is. A write that fails is remembered for `close_output`.
void write_output(std::string_view text);
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  write_output(fmt::format(format, std::forward<Args>(args)...));
}
/// @}
/// Sends what was said so far on its way.
void flush_output();

/// Flushes stdout; Error when anything that was said did not arrive. Where it went to a pipe whose reader has
/// ended (`| head`) and the parent did not ask otherwise, the process ends as others do there, by SIGPIPE.
void close_output();

/// Columns for a line that changes in place on stderr: 0 where there is none, as stderr is no terminal, or a
/// dumb one.
int live_width();
/// Shows `line`, shortened to `live_width` columns, until the next note or live line takes its place.
void live_line(std::string_view line);

}  // namespace fanin
