#include <fmt/ranges.h>

#include <cmath>
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/left_out.hpp>
#include <fanin/io/tensor_diff.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/tensor_stats.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/inspect_diff.hpp"
#include "examples/fanin/inspect_spectrum.hpp"
#include "examples/fanin/json_printer.hpp"
#include "examples/fanin/model_file.hpp"

namespace fanin::program {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;

constexpr std::size_t small_bins = 16, large_bins = 48;

struct InspectFlags {
  std::vector<std::string> files;
  std::string key;
  bool histograms = false, json = false, diff = false, spectrum = false;
  Redraw redraw;
  SpectrumFlags spectra;
};

struct Row {
  const io::StoredTensor* tensor;
  io::TensorStats stats;
  std::vector<Index> counts;  // a histogram from stats.min to stats.max
};

/// How far each parameter is from its own initial values, by name.
struct Movements {
  std::map<std::string, io::TensorDifference> by_name;
  std::string why_not;  // where they cannot be computed again, and one would expect it
};

/// The model and its plan are in the file: so the initial values can be drawn again, and need not be stored.
Movements movements(const io::TensorFile& file, const Redraw& allowed) {
  Movements all;
  if (!file.metadata.contains("model") || !file.metadata.contains("plan")) return all;
  if (file.metadata.contains("warm_start"))
    return {{}, "its training started from " + file.metadata.at("warm_start")};
  try {
    const io::TensorFile born = initial_values(file, allowed);
    for (auto& one : io::tensor_diff(born, file)) {
      if (one.kind == io::TensorDifference::Kind::values || one.kind == io::TensorDifference::Kind::identical)
        all.by_name[one.name] = one;
    }
  } catch (const std::exception& error) {
    all.why_not = error.what();
  }
  return all;
}

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

void print_table(const std::vector<Row>& rows, const Movements& moved, const InspectFlags& flags) {
  const bool sick =
      std::any_of(rows.begin(), rows.end(), [](const Row& r) { return r.stats.finite() < r.stats.count; });
  std::vector<text::TextTable::Column> columns = {{"name"},       {"dtype"},      {"shape"},
                                                  {"mean", true}, {"std", true},  {"min", true},
                                                  {"max", true},  {"zeros", true}};
  if (sick) columns.push_back({"not finite", true});
  if (!moved.by_name.empty()) columns.insert(columns.end(), {{"moved", true}, {"cosine", true}});
  if (!flags.histograms) columns.push_back({"histogram"});
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
    if (!flags.histograms) cells.push_back("|" + io::bars(counts) + "|");
    return cells;
  });
}

/// Four lines of bars with the ends of the axis below.
void print_histogram(const Row& row) {
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

void print_file(const io::TensorFile& file, const std::vector<Row>& rows, const Movements& moved,
                const InspectFlags& flags) {
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
    print_table(rows, moved, flags);
  }
  if (!moved.by_name.empty()) {
    say_prose(
        "moved: |w - w0| / |w0|, with the initial values w0 drawn again from the file's model, plan and "
        "seed\n");
  } else if (!moved.why_not.empty()) {
    say_prose("not compared with the initial values: {}\n", printable(moved.why_not));
  }
  if (nans + infinities > 0) say("not finite: {} NaN, {} infinite elements\n", nans, infinities);
  if (flags.histograms) {
    for (const auto& row : rows) {
      if (row.stats.finite() > 0) print_histogram(row);
    }
  }
}

void print_json(JsonPrinter& json, const io::TensorFile& file, const std::vector<Row>& rows,
                const Movements& moved, const InspectFlags& flags) {
  json.open('{');
  json.value(file.path, "path");
  json.value(name_of(file.format), "format");
  json.value(file.metadata, "metadata");
  json.value(file.key, "key");
  json.open('[', "dicts");
  for (const auto& dict : file.dicts) json.value({{"key", dict.path}, {"tensors", dict.count}});
  json.close();
  json.open('[', "tensors");
  for (const auto& [tensor, s, counts] : rows) {
    ordered_json one = {{"name", tensor->name},
                        {"dtype", name_of(tensor->dtype)},
                        {"shape", tensor->sizes},
                        {"elements", s.count},
                        {"bytes", tensor->byte_size()},
                        {"mean", finite_or_null(s.mean)},
                        {"std", finite_or_null(s.std)},
                        {"min", finite_or_null(s.min)},
                        {"max", finite_or_null(s.max)},
                        {"norm", finite_or_null(s.norm)},
                        {"zeros", s.zeros},
                        {"nan", s.nans},
                        {"inf", s.infinities}};
    if (flags.histograms)
      one["histogram"] = {
          {"low", finite_or_null(s.min)}, {"high", finite_or_null(s.max)}, {"counts", counts}};
    const auto from = moved.by_name.find(tensor->name);
    if (from != moved.by_name.end()) {
      one["moved"] = {{"distance", finite_or_null(from->second.relative_l2)},
                      {"cosine", finite_or_null(from->second.cosine)}};
    }
    json.value(one);
  }
  json.close();
  print_left_out(json, file, "left_out");
  if (!moved.why_not.empty()) json.value(moved.why_not, "not_compared_with_initial_values");
  json.close();
}

void run(const InspectFlags& flags) {
  if (flags.spectrum) {
    SpectrumFlags asked = flags.spectra;
    asked.files = flags.files;
    asked.key = flags.key;
    asked.json = flags.json;
    asked.redraw = flags.redraw;
    return inspect_spectrum(asked);
  }
  if (flags.diff) {
    if (flags.files.size() != 2) fail_usage("inspect --diff compares two files, got {}", flags.files.size());
    return inspect_diff(flags.files[0], flags.files[1], flags.key, flags.json);
  }
  // all read before anything is said: an error leaves no half of a JSON text behind
  std::vector<io::TensorFile> files;
  if (flags.json) {
    for (const auto& path : flags.files) files.push_back(io::read_tensor_file(path, flags.key));
  }
  JsonPrinter json;
  for (std::size_t i = 0; i < flags.files.size(); ++i) {
    const io::TensorFile file =
        flags.json ? std::move(files[i]) : io::read_tensor_file(flags.files[i], flags.key);
    std::vector<Row> rows;
    rows.reserve(file.tensors.size());
    for (const auto& tensor : file.tensors) {
      rows.push_back({&tensor, io::tensor_stats(tensor), {}});
      const bool wanted = flags.histograms || !flags.json;
      if (wanted)
        rows.back().counts = histogram(tensor, rows.back().stats.min, rows.back().stats.max,
                                       flags.histograms ? large_bins : small_bins);
    }
    const Movements moved = movements(file, flags.redraw);
    if (flags.json) {
      if (i == 0) {
        json.open('{');
        json.open('[', "files");
      }
      print_json(json, file, rows, moved, flags);
    } else {
      if (i > 0) say("\n");
      print_file(file, rows, moved, flags);
    }
  }
  if (flags.json) {
    json.close();
    json.close();
  }
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* command = app.add_subcommand("inspect", "What is in a weight file; what differs between two");
  command->footer(
      "Examples:\n"
      "  fanin inspect model.safetensors\n"
      "  fanin inspect --histograms --json model.pth\n"
      "  fanin inspect --diff before.safetensors after.npz && echo equal\n"
      "  fanin inspect --spectrum model.pth --figure spectrum.svg\n"
      "  fanin inspect --spectrum before.npz after.npz\n"
      "Reads safetensors (also a sharded index), npy, npz, ONNX and PyTorch's .pt and .pth; nothing in a file is "
      "executed.\n"
      "For a model saved by fanin, 'moved' is how far each parameter is from its own initial values; for "
      "weights fitted to data\n"
      "(lsuv, krahenbuhl, metainit) name the data set with --fit-data: what a file says of itself opens nothing.\n"
      "--spectrum shows singular values before and after: of two files, or of a model saved by fanin and its start.\n"
      "--diff, as diff does, exits with 0 when all tensors are equal, 1 when some differ, 2 when it cannot "
      "tell; metadata is\n"
      "shown but does not count.");
  command->add_option("files", flags->files, "weight files")->required();
  command->add_option("--key", flags->key, "the nested dict to show of a PyTorch file; default: the model's");
  command->add_flag("--histograms", flags->histograms, "a larger histogram of each tensor");
  CLI::Option* diff = command->add_flag("--diff", flags->diff, "compare two files, tensor by tensor");
  CLI::Option* spectrum = command->add_flag("--spectrum", flags->spectrum,
                                            "singular values of every weight: norms, ranks, condition, tail");
  spectrum->excludes(diff);
  command
      ->add_option("--image", flags->spectra.image,
                   "side, or HEIGHTxWIDTH, of the image that convolutions act on")
      ->capture_default_str()
      ->needs(spectrum);
  command->add_option("--figure", flags->spectra.figure, "SVG file for the singular values' figure")
      ->needs(spectrum);
  command
      ->add_option("--most-work", flags->spectra.most_work,
                   "multiplications, over all weights in turn, beyond which they are left out")
      ->capture_default_str()
      ->needs(spectrum);
  command->add_option("--fit-data", flags->redraw.fit_data,
                      "the data set that a model's initial values were fitted to");
  command->add_flag("--trust-plan", flags->redraw.open_paths_in_plan,
                    "open the weight files that a model's plan names (weight_selection)");
  command->add_flag("--json", flags->json, "one JSON object on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
