// A warm start's report as text.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include <fanin/core/choice.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/start/state_dict.hpp>

namespace fanin::start {

namespace {

using Status = WarmStartReport::Status;
constexpr auto statuses = choices<Status>("status", {{Status::loaded, "loaded"},
                                                     {Status::cast, "cast"},
                                                     {Status::adapted, "adapted"},
                                                     {Status::skipped, "skipped"},
                                                     {Status::missing, "missing"},
                                                     {Status::unexpected, "unexpected"}});

}  // namespace

const char* name_of(Status status) { return statuses.name_of(status); }

std::size_t WarmStartReport::count(Status status) const {
  return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(),
                                                [&](const Entry& entry) { return entry.status == status; }));
}

std::string WarmStartReport::summary() const {
  std::string out;
  for (const auto& [status, name] : statuses.all) {
    if (const std::size_t n = count(status)) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, name);
  }
  return out.empty() ? "nothing to load" : out;
}

std::string WarmStartReport::to_string() const {
  std::size_t name_width = 0, saved_width = 0;
  for (const auto& entry : entries) {
    name_width = std::max(name_width, entry.name.size());
    saved_width = std::max(saved_width, entry.saved.size());
  }
  std::string out = fmt::format("warm start from {}: {}\n", path, summary());
  for (const auto& entry : entries) {
    std::string line = fmt::format("  {:<10}  {:<{}}  {:<{}}", name_of(entry.status), entry.name, name_width,
                                   entry.saved.empty() ? "-" : entry.saved, saved_width);
    line += fmt::format("  →  {}", entry.wanted.empty() ? "-" : entry.wanted);
    if (!entry.saved_name.empty() && entry.saved_name != entry.name)
      line += fmt::format("  from '{}'", entry.saved_name);
    if (!entry.note.empty()) line += "  " + entry.note;
    out += line + "\n";
  }
  return printable_lines(out);
}

std::ostream& operator<<(std::ostream& out, const WarmStartReport& report) {
  return out << report.to_string();
}

}  // namespace fanin::start
