#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// `text` as HTML text or as a quoted attribute's value.
std::string html_escape(const std::string& text);

/// One model's summary as an HTML table, best mean first.
std::string summary_html(const Comparison& comparison, const std::string& model);
/// Runs of one model that diverged, failed or were interrupted, as an HTML table; empty when there is none.
std::string incidents_html(const Comparison& comparison, const std::string& model);
/// What each scheme of one model means in full, as an HTML table; empty when no run says.
std::string plans_html(const Comparison& comparison, const std::string& model);

}  // namespace fanin::compare
