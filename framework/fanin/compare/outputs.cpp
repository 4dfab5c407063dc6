#include <algorithm>
#include <cctype>
#include <set>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/compare/outputs.hpp>
#include <fanin/compare/report_data.hpp>
#include <fanin/compare/results_csv.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/mapped_file.hpp>
#include <fanin/io/writable.hpp>

namespace fanin::compare {
namespace {

void write(const std::string& path, const std::string& text) {
  io::write_atomically(path, [&](io::AtomicWriter& file) { file.write(text); });
}

/// A text as a file's name: letters and digits of ASCII, and points; what is between them is one dash.
std::string file_stem(const std::string& text) {
  constexpr std::size_t longest = 100;
  std::string stem;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '=';
    if (plain)
      stem += c;
    else if (!stem.empty() && stem.back() != '-')
      stem += '-';
  }
  stem.resize(std::min(stem.size(), longest));
  while (!stem.empty() && (stem.back() == '-' || stem.back() == '.')) stem.pop_back();
  return stem.empty() || stem[0] == '.' ? "model" + stem : stem;
}

/// Gives out each name once: the second "a" is "a-2".
class Names {
 public:
  std::string unused(const std::string& stem) {
    std::string name = stem;
    for (int number = 2; !taken_.insert(name).second; ++number) name = stem + "-" + std::to_string(number);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

}  // namespace

Comparison read_results(const std::string& path) {
  const auto file = io::MappedFile::open(path);
  Comparison comparison = io::read_mapped(*file, [&] {
    const io::Bytes bytes = file->bytes();
    return comparison_from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
  });
  comparison.summary = summarize(comparison.settings, comparison.runs);
  return comparison;
}

void write_report(const Comparison& comparison, const std::string& folder, const ReportOptions& options) {
  io::require_writable_folder(folder);
  write(folder + "/report.html", report_html(comparison, options));
}

std::vector<std::string> write_figures(const Comparison& comparison, const std::string& folder) {
  io::require_writable_folder(folder);
  std::vector<std::string> files;
  const auto add = [&](const std::string& name, const std::string& text) {
    write(folder + "/" + name, text);
    files.push_back(name);
  };
  Names models, names, pictures;
  for (const Section& section : sections(comparison)) {
    const std::string model = models.unused(file_stem(section.title));
    for (const Table& table : section.tables) {
      const std::string name = names.unused(model + "-" + table.name);
      add(name + ".csv", table_csv(table));
      add(name + ".md", table_markdown(table));
      add(name + ".tex", table_latex(table));
    }
    for (const Figure& figure : section.figures)
      add(pictures.unused(model + "-" + file_stem(figure.name)) + ".svg", figure_svg(figure));
  }
  return files;
}

void write_outputs(const Comparison& comparison, const std::string& folder, const ReportOptions& options) {
  io::require_writable_folder(folder);
  write(folder + "/results.json", comparison_json(comparison));
  write(folder + "/results.csv", comparison_csv(comparison));
  write_report(comparison, folder, options);
}

}  // namespace fanin::compare
