#include <fmt/core.h>

#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/train/provenance.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/confusion_table.hpp"
#include "examples/fanin/model_file.hpp"

namespace fanin::program {
namespace {

struct EvaluateFlags {
  std::string file, data, split = "test";
  bool json = false, confusion = false, skip_bad = false, allow_nonfinite = false;
};

/// Whether this set holds what the model's run had as its "training", "validation" or "test" set, by the checksum in
/// the file, and says so where it does not; none for a set of another name, or where the file has no checksum.
std::optional<bool> as_when_trained(const std::string& path, const std::string& name,
                                    const data::Dataset& data, const std::string& part) {
  const auto metadata = io::read_tensor_file(path).metadata;
  const auto then = metadata.find("checksum_" + part);
  if (then == metadata.end() || models::metadata_of({}, data).at("data") != name) return std::nullopt;
  const std::string now = train::sum_text(train::sum_of(data, part));
  if (then->second == now) return true;
  note("note: these are other {} images than when the model was trained: here {}, then {}\n", part, now,
       printable(then->second, 60));
  return false;
}

void run(const EvaluateFlags& flags) {
  const models::SavedModel loaded = models::open(flags.file, flags.allow_nonfinite);
  const std::string text = followed_data(loaded, flags.file, flags.data);
  data::Dataset data = load_half(flags.skip_bad ? datasets::with_bad_images_skipped(text) : text,
                                 flags.split == "train"        ? datasets::Split::train
                                 : flags.split == "validation" ? datasets::Split::validation
                                                               : datasets::Split::test);
  loaded.require_fit(data);
  const std::string part = flags.split == "train" ? "training" : flags.split;
  const std::optional<bool> same = as_when_trained(flags.file, loaded.like.name, data, part);
  data.mean = loaded.like.mean;  // the model was fed with its training data's normalization
  data.stddev = loaded.like.stddev;
  const auto result = train::evaluate(*loaded.model, data);
  if (result.undecided > 0) {
    fail(
        "'{}' predicts nothing for {} of {} images of '{}': its outputs are not numbers; its weights are not finite, or so large that they overflow",
        flags.file, result.undecided, result.count, data.name);
  }
  if (!flags.json) {
    say_prose("{} on {} ({} images): {}, loss {}\n", printable(flags.file), printable(data.name), data.count,
              accuracy_text(result, data), text::number(result.loss, 4));
    if (flags.confusion) say("\n{}\n", confusion_table(result.confusion, data, output_width()));
    print_class_scores(result, data);
    return;
  }
  nlohmann::ordered_json json = {{"file", flags.file},          {"data", data.name},
                                 {"split", flags.split},        {"count", data.count},
                                 {"accuracy", result.accuracy}, {"loss", io::finite_or_null(result.loss)}};
  if (same) json["data_as_when_trained"] = *same;
  add_class_scores(json, result, data);
  json["confusion"] = confusion_json(result.confusion);
  say("{}\n", json_text(json));
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Test a saved model");
  command->footer("Example:\n  fanin evaluate lenet.safetensors --data fashion-mnist");
  command->add_option("file", flags->file, "a model saved by fanin train --output")->required();
  command->add_option(
      "--data", flags->data,
      "data set; default: the one it was trained on, if that is fashion-mnist, mnist or cifar10");
  command
      ->add_option(
          "--split", flags->split,
          "which set: test, train (with what --validation cut from it), or validation, which an image "
          "folder may bring")
      ->capture_default_str()
      ->check(CLI::IsMember({"test", "train", "validation"}));
  command->add_flag("--allow-nonfinite", flags->allow_nonfinite, "load NaN and infinities as they are");
  command->add_flag("--skip-bad", flags->skip_bad,
                    "leave out images of a folder that cannot be read, and say how many");
  command->add_flag("--confusion", flags->confusion,
                    "show too how many samples of each class were taken for which; --json always has it");
  command->add_flag("--json", flags->json, "one JSON object on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
