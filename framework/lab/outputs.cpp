#include "framework/lab/outputs.hpp"

#include "framework/io/atomic_file.hpp"
#include "framework/io/writable.hpp"
#include "framework/lab/results_csv.hpp"
#include "framework/lab/results_json.hpp"

namespace fanin::lab {

void write_outputs(const Comparison& comparison, const std::string& folder, const ReportOptions& options) {
  require_writable_folder(folder);
  auto write = [&](const char* name, const std::string& text) {
    write_atomically(folder + "/" + name, [&](AtomicWriter& file) { file.write(text); });
  };
  write("results.json", comparison_json(comparison));
  write("results.csv", comparison_csv(comparison));
  write("report.html", report_html(comparison, options));
}

}  // namespace fanin::lab
