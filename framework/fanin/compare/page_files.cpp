#include <fanin/compare/page_files.hpp>

// The assembler copies each file in; paths are from the repository's root, where make runs.
asm(R"(
  .pushsection .rodata
  fanin_page_style:   .incbin "framework/fanin/compare/page/style.css"
  fanin_page_data:    .incbin "framework/fanin/compare/page/data.js"
                      .incbin "framework/fanin/compare/page/look.js"
                      .incbin "framework/fanin/compare/page/lines.js"
                      .incbin "framework/fanin/compare/page/rows.js"
                      .incbin "framework/fanin/compare/page/save.js"
                      .incbin "framework/fanin/compare/page/page.js"
  fanin_page_end:     .byte 0
  .popsection
)");

extern "C" const char fanin_page_style[];
extern "C" const char fanin_page_data[];
extern "C" const char fanin_page_end[];

namespace fanin::compare {

std::string_view page_style() { return {fanin_page_style, fanin_page_data}; }
std::string page_script() { return "\"use strict\";\n" + std::string(fanin_page_data, fanin_page_end); }

}  // namespace fanin::compare
