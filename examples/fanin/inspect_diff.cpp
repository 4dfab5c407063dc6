#include "examples/fanin/inspect_diff.hpp"

#include <fmt/core.h>

#include <cmath>
#include <new>
#include <set>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/io/left_out.hpp>
#include <fanin/io/tensor_diff.hpp>
#include <fanin/io/tensor_file.hpp>

#include "examples/fanin/json_printer.hpp"

namespace fanin::program {
namespace {

using nlohmann::ordered_json;
using Kind = io::TensorDifference::Kind;

constexpr Kind kinds[] = {Kind::identical, Kind::values, Kind::dtype,
                          Kind::shape,     Kind::only_a, Kind::only_b};

/// `key` where the file has such a dict: one may compare a checkpoint's EMA copy with a plain file.
io::TensorFile read_keyed(const std::string& path, const std::string& key) {
  const io::TensorFile plain = io::read_tensor_file(path, "");
  return key.empty() || plain.dicts.empty() ? plain : io::read_tensor_file(path, key);
}

bool has_values(const io::TensorDifference& d) {
  return d.kind == Kind::values || d.kind == Kind::dtype || d.kind == Kind::identical;
}

std::string summary(const std::vector<io::TensorDifference>& all) {
  std::string text;
  for (const Kind kind : kinds) {
    const auto count =
        std::count_if(all.begin(), all.end(), [kind](const auto& one) { return one.kind == kind; });
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name_of(kind));
  }
  return text.empty() ? "no tensors" : text;
}

void print(const io::TensorFile& a, const io::TensorFile& b, const std::vector<io::TensorDifference>& all) {
  say("A: {} ({})\nB: {} ({})\n", printable(a.path), name_of(a.format), printable(b.path), name_of(b.format));
  for (const auto& [file, label] : {std::pair{&a, 'A'}, {&b, 'B'}}) {
    if (file->left_out_count > 0)
      say_prose("not read in {} ({}), so not compared: {}\n", label, file->left_out_count,
                io::left_out_text(*file));
  }
  std::set<std::string> keys;
  for (const auto* file : {&a, &b}) {
    for (const auto& [key, value] : file->metadata) keys.insert(key);
  }
  const auto value_in = [](const io::TensorFile& file, const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string("-") : "'" + printable(found->second, 60) + "'";
  };
  for (const auto& key : keys) {
    const std::string x = value_in(a, key), y = value_in(b, key);
    if (x != y) say_prose("metadata {}: {} in A, {} in B\n", printable(key, 60), x, y);
  }
  text::TextTable table(
      {{"name"}, {"what"}, {"A"}, {"B"}, {"elements", true}, {"max abs", true}, {"relative L2", true}});
  std::vector<const io::TensorDifference*> shown;
  for (const auto& d : all) {
    if (d.kind != Kind::identical) shown.push_back(&d);
  }
  const auto row = [&](std::size_t i) -> text::TextTable::Cells {
    const io::TensorDifference& d = *shown[i];
    const bool values = has_values(d);
    return {printable(d.name),
            name_of(d.kind),
            d.a,
            d.a == d.b ? "same" : d.b,
            values
                ? fmt::format("{} of {}{}", d.differing, d.count,
                              d.finite_in_one > 0 ? fmt::format(", {} NaN/inf in one", d.finite_in_one) : "")
                : "",
            values ? fmt::format("{:.4g}", d.max_abs) : "",
            values ? fmt::format("{:.4g}", d.relative_l2) : ""};
  };
  if (!shown.empty()) {
    say("\n");
    table.print(shown.size(), row);
    say("\n");
  }
  say("{}\n", summary(all));
}

void print_json(const io::TensorFile& a, const io::TensorFile& b,
                const std::vector<io::TensorDifference>& all, bool equal) {
  JsonPrinter json;
  json.open('{');
  json.value(a.path, "a");
  json.value(b.path, "b");
  json.value(equal, "equal");
  json.open('[', "tensors");
  for (const auto& d : all) {
    ordered_json one = {{"name", d.name}, {"what", name_of(d.kind)}};
    if (!d.a.empty()) one["a"] = d.a;
    if (!d.b.empty()) one["b"] = d.b;
    if (has_values(d)) {
      one["elements"] = d.count;
      one["differing"] = d.differing;
      one["max_abs"] = d.max_abs;
      one["relative_l2"] = std::isfinite(d.relative_l2) ? ordered_json(d.relative_l2) : ordered_json(nullptr);
      one["finite_in_one"] = d.finite_in_one;
    }
    json.value(one);
  }
  json.close();
  print_left_out(json, a, "left_out_a");
  print_left_out(json, b, "left_out_b");
  json.close();
}

/// Whether all tensors are equal, once that is said and has arrived.
bool compared(const std::string& path_a, const std::string& path_b, const std::string& key, bool as_json) {
  const io::TensorFile a = read_keyed(path_a, key), b = read_keyed(path_b, key);
  const auto all = io::tensor_diff(a, b);
  const bool equal =
      std::all_of(all.begin(), all.end(), [](const auto& one) { return one.kind == Kind::identical; });
  if (as_json)
    print_json(a, b, all, equal);
  else
    print(a, b, all);
  close_output();
  return equal;
}

}  // namespace

void inspect_diff(const std::string& path_a, const std::string& path_b, const std::string& key,
                  bool as_json) {
  bool equal = false;
  try {
    equal = compared(path_a, path_b, key, as_json);
  } catch (const std::bad_alloc&) {
    fail_usage("out of memory: the files cannot be compared");
  } catch (const std::exception& error) {
    throw Error(error.what(), Blame::usage);  // 1 would mean that the files differ
  }
  if (!equal) throw CLI::RuntimeError(1);
}

}  // namespace fanin::program
