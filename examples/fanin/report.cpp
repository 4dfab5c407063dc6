#include <filesystem>
#include <memory>

#include <fanin/compare/outputs.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

struct ReportFlags {
  std::string folder, figures;
  compare::ReportOptions options;
};

void run(const ReportFlags& flags) {
  const std::string path = flags.folder + "/results.json";
  if (!std::filesystem::exists(path))
    fail_usage("'{}' holds no results.json; fanin compare --out DIR makes one", flags.folder);
  const compare::Comparison comparison = compare::read_results(path);
  compare::write_report(comparison, flags.folder, flags.options);
  note("wrote {}/report.html\n", printable(flags.folder));
  if (flags.figures.empty()) return;
  const auto files = compare::write_figures(comparison, flags.figures);
  for (const auto& name : files) say("{}/{}\n", flags.figures, name);
  note("wrote {} into {}\n", text::counted(files.size(), "file"), printable(flags.figures));
}

}  // namespace

void add_report(CLI::App& app) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* command = app.add_subcommand("report", "Make a comparison's page anew, and its figures as files");
  command->footer(
      "Reads DIR/results.json, of this version or an earlier one, and trains nothing. The figures are SVGs fit for a\n"
      "paper; every table is written as CSV, Markdown and LaTeX (booktabs). Their names go to stdout.\n\n"
      "Examples:\n"
      "  fanin report out/compare\n"
      "  fanin report out/compare --figures paper/figures");
  command->add_option("dir", flags->folder, "folder that fanin compare wrote (its --out)")->required();
  command->add_option("--figures", flags->figures, "folder for the figures and tables as files");
  command->add_option("--title", flags->options.title, "of the page")->capture_default_str();
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
