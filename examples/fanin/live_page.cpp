#include "examples/fanin/live_page.hpp"

#include <fanin/compare/outputs.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::program {

LivePage::LivePage(compare::Comparison so_far, std::string folder)
    : comparison_(std::move(so_far)), folder_(std::move(folder)) {}

void LivePage::add(const compare::Run& run) {
  if (folder_.empty()) return;
  comparison_.runs.push_back(run);
  show();
}

void LivePage::add_tuning(const compare::Run& run) {
  if (folder_.empty()) return;
  comparison_.tuning.push_back(run);
  show();
}

void LivePage::show() {
  constexpr auto pause = std::chrono::seconds(3);
  const auto now = std::chrono::steady_clock::now();
  const bool first = comparison_.runs.size() + comparison_.tuning.size() == 1;
  if (!first && now - written_ < pause) return;
  written_ = now;
  comparison_.summary = compare::summarize(comparison_.settings, comparison_.runs);
  try {
    compare::write_report(comparison_, folder_, {.live = true});
    if (first) note("so far: {}/report.html\n", printable(folder_));
  } catch (const Error& error) {
    note("{}; there is no page while the grid runs\n", printable(error.what()));
    folder_.clear();
  }
}

}  // namespace fanin::program
