#include "examples/fanin/inspect_text.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/io/left_out.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

using nlohmann::ordered_json;

std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4g}", value); }

std::string size_text(std::size_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string not_finite(const io::TensorStats& s) {
  if (s.finite() == s.count) return "-";
  if (s.infinities == 0) return fmt::format("{} NaN", s.nans);
  return s.nans == 0 ? fmt::format("{} inf", s.infinities)
                     : fmt::format("{} NaN, {} inf", s.nans, s.infinities);
}

std::string zero_share(const io::TensorStats& s) {
  if (s.zeros == 0) return "-";
  return fmt::format("{:.3g}%", 100 * static_cast<double>(s.zeros) / static_cast<double>(s.count));
}

void print_table(const std::vector<InspectedTensor>& rows, const Movements& moved, bool histograms) {
  const bool sick = std::any_of(rows.begin(), rows.end(),
                                [](const InspectedTensor& r) { return r.stats.finite() < r.stats.count; });
  std::vector<text::TextTable::Column> columns = {{"name"},       {"dtype"},      {"shape"},
                                                  {"mean", true}, {"std", true},  {"min", true},
                                                  {"max", true},  {"zeros", true}};
  if (sick) columns.push_back({"not finite", true});
  if (!moved.by_name.empty()) columns.insert(columns.end(), {{"moved", true}, {"cosine", true}});
  if (!histograms) columns.push_back({"histogram"});
  text::TextTable table(columns);
  table.print(rows.size(), [&](std::size_t i) {
    const auto& [tensor, s, counts] = rows[i];
    std::vector<std::string> cells = {printable(tensor->name), name_of(tensor->dtype), tensor->shape_text(),
                                      number(s.mean),          number(s.std),          number(s.min),
                                      number(s.max),           zero_share(s)};
    if (sick) cells.push_back(not_finite(s));
    if (!moved.by_name.empty()) {
      const auto one = moved.by_name.find(tensor->name);
      const bool known = one != moved.by_name.end();
      const double distance = known ? one->second.relative_l2 : 0;
      cells.push_back(!known ? "" : std::isinf(distance) ? "from 0" : fmt::format("{:.3g}", distance));
      cells.push_back(!known ? "" : number(one->second.cosine));
    }
    if (!histograms) cells.push_back("|" + io::bars(counts) + "|");
    return cells;
  });
}

/// Four lines of bars with the ends of the axis below.
void print_histogram(const InspectedTensor& row) {
  constexpr Index height = 4, eighths = 8 * height;
  const Index most = std::max<Index>(1, *std::max_element(row.counts.begin(), row.counts.end()));
  say("\n{} ({} to a full column)\n", printable(row.tensor->name), most);
  for (Index level = height - 1; level >= 0; --level) {
    std::vector<Index> part = {8};  // a full bar sets the scale, and is cut off
    for (const Index count : row.counts)
      part.push_back(std::clamp<Index>((count * eighths + most - 1) / most - 8 * level, 0, 8));
    say("  {}\n", io::bars(part).substr(std::string("█").size()));
  }
  const std::string low = number(row.stats.min), high = number(row.stats.max);
  say("  {}{:>{}}\n", low, high, large_bins - low.size());
}

/// One of what a file says of itself. The line that makes a model again and its settings are of use only as a whole.
std::string metadata_text(const std::string& key, const std::string& value) {
  constexpr std::size_t longest = 4000;
  const std::string head = fmt::format("  {}: ", printable(key, 60));
  if (key == "reproduce") return text::command_lines(head + printable(value, longest), output_width());
  if (key != "settings") return head + printable(value, 100) + "\n";
  const ordered_json settings = ordered_json::parse(value, nullptr, false);
  if (!settings.is_object() || value.size() > longest) return head + printable(value, longest) + "\n";
  std::string all;
  for (const auto& one : settings.items())
    all += fmt::format("{}{}={}", all.empty() ? "" : ", ", one.key(),
                       one.value().is_string() ? one.value().get<std::string>() : json_text(one.value()));
  return head + printable(all) + "\n";
}

/// The dicts that a checkpoint nests, of which one is shown, and what else lies in the file.
void print_contents(const io::TensorFile& file) {
  constexpr std::size_t most = 20;
  if (file.dicts.size() > 1 || !file.key.empty()) {
    std::string dicts = "  dicts:";
    for (std::size_t i = 0; i < std::min(file.dicts.size(), most); ++i) {
      const io::StoredDict& dict = file.dicts[i];
      dicts += fmt::format("{} '{}' {} tensor{}{}", i == 0 ? "" : ",", printable(dict.path, 60), dict.count,
                           dict.count == 1 ? "" : "s", dict.path == file.key ? " (shown)" : "");
    }
    say_prose("{}{}; --key chooses\n", dicts,
              file.dicts.size() > most ? fmt::format(" and {} more", file.dicts.size() - most) : "");
  }
  if (file.left_out_count > 0)
    say_prose("  not read ({}): {}\n", file.left_out_count, io::left_out_text(file));
}

/// "; 10 more under 'state_dict_ema'": the dicts that are neither shown, nor hold or lie in what is.
std::string more_tensors(const io::TensorFile& file) {
  const auto within = [](const std::string& inner, const std::string& outer) {
    return outer.empty() || inner == outer || inner.starts_with(outer + ".");
  };
  std::string text;
  std::string last;
  std::size_t named = 0;
  for (const io::StoredDict& dict : file.dicts) {
    if (file.key.empty() || within(dict.path, file.key) || within(file.key, dict.path)) continue;
    if (!last.empty() && within(dict.path, last)) continue;
    last = dict.path;
    if (++named > 3) return text + ", …";
    text +=
        fmt::format("{} {} more under '{}'", named == 1 ? ";" : ",", dict.count, printable(dict.path, 60));
  }
  return text;
}

}  // namespace

void print_inspected(const io::TensorFile& file, const std::vector<InspectedTensor>& rows,
                     const Movements& moved, bool histograms) {
  Index elements = 0, nans = 0, infinities = 0;
  std::size_t bytes = 0;
  for (const auto& row : rows) {
    elements += row.stats.count, nans += row.stats.nans, infinities += row.stats.infinities;
    bytes += row.tensor->byte_size();
  }
  say_prose("{}: {}, {} tensor{}, {} elements, {}{}\n", printable(file.path), name_of(file.format),
            rows.size(), rows.size() == 1 ? "" : "s", elements, size_text(bytes), more_tensors(file));
  for (const auto& [key, value] : file.metadata) say_prose("{}", metadata_text(key, value));
  print_contents(file);
  if (!rows.empty()) {
    say("\n");
    print_table(rows, moved, histograms);
  }
  if (!moved.by_name.empty()) {
    say_prose(
        "moved: |w - w0| / |w0|, with the initial values w0 drawn again from the file's model, plan and "
        "seed\n");
  } else if (!moved.why_not.empty()) {
    say_prose("not compared with the initial values: {}\n", printable(moved.why_not));
  }
  if (nans + infinities > 0) say("not finite: {} NaN, {} infinite elements\n", nans, infinities);
  if (histograms) {
    for (const auto& row : rows) {
      if (row.stats.finite() > 0) print_histogram(row);
    }
  }
}

}  // namespace fanin::program
