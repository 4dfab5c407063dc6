#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/tensor_stats.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/inspect_diff.hpp"
#include "examples/fanin/inspect_spectrum.hpp"
#include "examples/fanin/inspect_text.hpp"
#include "examples/fanin/json_printer.hpp"
#include "examples/fanin/movements.hpp"

namespace fanin::program {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;

struct InspectFlags {
  std::vector<std::string> files;
  std::string key;
  bool histograms = false, json = false, diff = false, spectrum = false;
  Redraw redraw;
  SpectrumFlags spectra;
};

void print_json(JsonPrinter& json, const io::TensorFile& file, const std::vector<InspectedTensor>& rows,
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
    std::vector<InspectedTensor> rows;
    rows.reserve(file.tensors.size());
    for (const auto& tensor : file.tensors) {
      rows.push_back({&tensor, io::tensor_stats(tensor), {}});
      const bool wanted = flags.histograms || !flags.json;
      if (wanted)
        rows.back().counts = histogram(tensor, rows.back().stats.min, rows.back().stats.max,
                                       flags.histograms ? large_bins : small_bins);
    }
    const Movements moved = movements_since_start(file, flags.redraw);
    if (flags.json) {
      if (i == 0) {
        json.open('{');
        json.open('[', "files");
      }
      print_json(json, file, rows, moved, flags);
    } else {
      if (i > 0) say("\n");
      print_inspected(file, rows, moved, flags.histograms);
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
