#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// A run as one JSON object on one line; what is not finite becomes null.
std::string run_json(const Run& run);

/// The run that `run_json` wrote. Error naming `source` (a file's path) and the field when `text` is no such
/// object.
Run run_from_json(const std::string& text, const std::string& source);

/// Of results.json, raised when a reader of the last one would go wrong; SCHEMA.md says what each brought.
inline constexpr int results_schema = 3;

/// results.json: {"schema": 3, "version": …, "settings": {…}, "runs": [{…}], "summary": [{…}]}, and where rates
/// were tuned or tried "tuning": [{…}] and "windows": [{…}]; one run, summary row and window a line. SCHEMA.md
/// beside this file says it field by field.
std::string comparison_json(const Comparison& comparison);

/// The comparison that `comparison_json` wrote, of this schema or an earlier one; Error as in `run_from_json`,
/// and for a later schema.
Comparison comparison_from_json(const std::string& text, const std::string& source);

}  // namespace fanin::compare
