#pragma once
#include <string>

#include <fanin/compare/report.hpp>
#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// Writes results.json, results.csv and report.html into `folder`, which is made if needed; each file is
/// replaced as a whole or not at all. Error naming the path that cannot be written.
void write_outputs(const Comparison& comparison, const std::string& folder,
                   const ReportOptions& options = {});

}  // namespace fanin::compare
