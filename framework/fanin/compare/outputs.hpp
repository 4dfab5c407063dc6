#pragma once
#include <string>
#include <vector>

#include <fanin/compare/report.hpp>
#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// The comparison that a results.json holds, its summary computed anew from its runs, so that a file of an
/// earlier version has what this one shows. Error naming the file when it is missing or no such file.
Comparison read_results(const std::string& path);

/// Writes report.html alone, as `write_outputs` does.
void write_report(const Comparison& comparison, const std::string& folder, const ReportOptions& options = {});

/// Every figure of the page as an SVG, and every table as CSV, Markdown and LaTeX, into `folder`, which is
/// made if needed: "lenet-accuracy.svg", "lenet-accuracy.csv", …. Returns the names of the files, in the
/// order of the page. Error naming the path that cannot be written.
std::vector<std::string> write_figures(const Comparison& comparison, const std::string& folder);

/// Writes results.json, results.csv and report.html into `folder`, which is made if needed; each file is
/// replaced as a whole or not at all. Error naming the path that cannot be written.
void write_outputs(const Comparison& comparison, const std::string& folder,
                   const ReportOptions& options = {});

}  // namespace fanin::compare
