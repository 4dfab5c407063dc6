#pragma once
#include <string>

#include <fanin/compare/report_data.hpp>

namespace fanin::compare {

/// A section as HTML: what was found, its tables, its figures as pictures that need no script.
std::string section_html(const Section& section, const Comparison& comparison);

}  // namespace fanin::compare
