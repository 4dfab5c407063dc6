#include <fanin/compare/outputs.hpp>
#include <fanin/compare/results_csv.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/writable.hpp>

namespace fanin::compare {

void write_outputs(const Comparison& comparison, const std::string& folder, const ReportOptions& options) {
  io::require_writable_folder(folder);
  auto write = [&](const char* name, const std::string& text) {
    io::write_atomically(folder + "/" + name, [&](io::AtomicWriter& file) { file.write(text); });
  };
  write("results.json", comparison_json(comparison));
  write("results.csv", comparison_csv(comparison));
  write("report.html", report_html(comparison, options));
}

}  // namespace fanin::compare
