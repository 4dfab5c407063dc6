#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// Of report.html.
struct ReportOptions {
  std::string title = "Comparing weight initializers";  ///< plain text
  /// Chart.js 3.x, copied into the page (Debian: libjs-chart.js). When it cannot be read, the page has
  /// its tables, its figures as pictures, and a notice.
  std::string chart_library = "/usr/share/javascript/chart.js/Chart.min.js";
  bool live =
      false;  ///< the comparison is still running: the page says so and loads itself anew every few seconds
};

/// report.html: one file that opens offline and asks for nothing from outside. All text from the comparison
/// is escaped.
std::string report_html(const Comparison& comparison, const ReportOptions& options = {});

}  // namespace fanin::compare
