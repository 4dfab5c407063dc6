#include "framework/lab/outputs.hpp"

#include <filesystem>
#include <system_error>

#include "framework/core/error.hpp"
#include "framework/io/atomic_file.hpp"
#include "framework/lab/results_csv.hpp"
#include "framework/lab/results_json.hpp"

namespace fanin::lab {

void write_outputs(const Comparison& comparison, const std::string& folder, const ReportOptions& options) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) fail("{}: cannot make this folder: {}", folder, problem.message());
  auto write = [&](const char* name, const std::string& text) {
    write_atomically(folder + "/" + name, [&](AtomicWriter& file) { file.write(text); });
  };
  write("results.json", comparison_json(comparison));
  write("results.csv", comparison_csv(comparison));
  write("report.html", report_html(comparison, options));
}

}  // namespace fanin::lab
