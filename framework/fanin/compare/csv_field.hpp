#pragma once
#include <string>

namespace fanin::compare {

/// @{
/// A cell of a CSV file. A text is quoted where a comma, a quote or a line break would be read as structure
/// (RFC 4180); bytes that are no text become visible; what a spreadsheet would run rather than show gets a
/// quote before it, as OWASP advises. A number has six significant digits; one that is not known is
/// empty, one without bound is inf.
std::string csv_field(const std::string& text);
std::string csv_field(double value);
/// @}

}  // namespace fanin::compare
