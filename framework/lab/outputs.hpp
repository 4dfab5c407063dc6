#pragma once
#include <string>

#include "framework/lab/report.hpp"
#include "framework/lab/results.hpp"

namespace fanin::lab {

/// Writes results.json, results.csv and report.html into `folder`, which is made if needed; each file is
/// replaced as a whole or not at all. Error naming the path that cannot be written.
void write_outputs(const Comparison& comparison, const std::string& folder,
                   const ReportOptions& options = {});

}  // namespace fanin::lab
