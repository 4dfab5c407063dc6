// A warm start's report and options as text.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include <fanin/core/named_values.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>
#include <fanin/start/state_dict.hpp>

namespace fanin::start {

namespace {

using Status = WarmStartReport::Status;
constexpr auto statuses = named_values<Status>("status", {{Status::loaded, "loaded"},
                                                          {Status::cast, "cast"},
                                                          {Status::adapted, "adapted"},
                                                          {Status::skipped, "skipped"},
                                                          {Status::missing, "missing"},
                                                          {Status::unexpected, "unexpected"}});

}  // namespace

const char* name_of(Mismatch mismatch) {
  constexpr auto names = named_values<Mismatch>("treatment of other shapes",
                                                {{Mismatch::error, "error"}, {Mismatch::skip, "skip"}});
  return names.name_of(mismatch);
}

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

std::string WarmStartReport::to_string(int width) const {
  text::TextTable table({{"  what"}, {"tensor"}, {"saved"}, {"wanted"}, {""}});
  for (const auto& entry : entries) {
    const bool renamed = !entry.saved_name.empty() && entry.saved_name != entry.name;
    std::string note = renamed ? fmt::format("from '{}'", printable(entry.saved_name)) : "";
    if (!entry.note.empty()) note += (renamed ? "; " : "") + printable(entry.note);
    table.add({fmt::format("  {}", name_of(entry.status)), printable(entry.name),
               entry.saved.empty() ? "-" : entry.saved, entry.wanted.empty() ? "-" : entry.wanted, note});
  }
  const std::string head = fmt::format("warm start from {}: {}\n", printable(path), summary());
  return (width > 0 ? text::folded(head, width) : head) + (entries.empty() ? "" : table.to_string(width));
}

std::ostream& operator<<(std::ostream& out, const WarmStartReport& report) {
  return out << report.to_string();
}

}  // namespace fanin::start
