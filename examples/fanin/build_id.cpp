#include "examples/fanin/build_id.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <bit>
#include <cstring>
#include <string_view>

#include <fanin/core/version.hpp>

namespace fanin::program {
namespace {

/// Adds the build id among an object's notes, in hexadecimal digits.
void add_id(const dl_phdr_info& object, std::string& text) {
  constexpr std::size_t whole = 4;  // bytes that names and contents are filled up to
  const auto filled = [](std::size_t size) { return (size + whole - 1) / whole * whole; };
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const auto& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE || segment.p_align > whole) continue;
    const auto* bytes = std::bit_cast<const unsigned char*>(object.dlpi_addr + segment.p_vaddr);
    ElfW(Nhdr) note;
    for (std::size_t at = 0; at + sizeof note <= segment.p_memsz;) {
      std::memcpy(&note, bytes + at, sizeof note);
      const std::size_t name = at + sizeof note, content = name + filled(note.n_namesz);
      at = content + filled(note.n_descsz);
      if (at > segment.p_memsz) break;
      const std::string_view owner(reinterpret_cast<const char*>(bytes + name), note.n_namesz);
      if (note.n_type != NT_GNU_BUILD_ID || owner != std::string_view("GNU\0", 4)) continue;
      if (!text.empty()) text += ' ';
      for (std::size_t k = 0; k < note.n_descsz; ++k) text += fmt::format("{:02x}", bytes[content + k]);
    }
  }
}

}  // namespace

std::string build_id() {
  std::string text;
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* to) {
        const std::string_view path = object->dlpi_name;  // none: the program itself
        const std::string_view name = path.substr(path.rfind('/') + 1);
        if (path.empty() || name.starts_with("libfanin")) add_id(*object, *static_cast<std::string*>(to));
        return 0;
      },
      &text);
  return text;
}

const char* built_version() { return version; }

}  // namespace fanin::program
