#include <fmt/format.h>

#include <algorithm>

#include <fanin/core/printable.hpp>
#include <fanin/io/left_out.hpp>

namespace fanin::io {

std::string left_out_text(const TensorFile& file) {
  constexpr std::size_t most = 5, longest_name = 60, longest_reason = 120;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, file.left_out.size()); ++i)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", printable(file.left_out[i].name, longest_name),
                        printable(file.left_out[i].what, longest_reason));
  return text + (file.left_out_count > most ? "; …" : "");
}

}  // namespace fanin::io
