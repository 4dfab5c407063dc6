#include "examples/fanin/training_output.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/state_dict.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/command_words.hpp"
#include "examples/fanin/weight_files.hpp"

namespace fanin::program {
namespace {

/// Tells of every epoch on stderr, and ends the run at Ctrl-C.
void follow(train::TrainOptions& options, bool validates) {
  options.on_epoch = [epochs = options.epochs, validates](const train::EpochRecord& e) {
    note("epoch {:>3}/{}  train loss {}  {set} accuracy {}, loss {}  {:.1f} s\n", e.epoch, epochs,
         text::number(e.train_loss, 4), share_text(validates ? e.validation_accuracy : e.test_accuracy),
         text::number(validates ? e.validation_loss : e.test_loss, 4), e.seconds,
         fmt::arg("set", validates ? "validation" : "test"));
  };
  options.stop = [] { return interrupted().load(std::memory_order_relaxed); };
  watch_interrupts();
}

}  // namespace

std::map<std::string, std::string> provenance_of(const CLI::App& command, const train::TrainOptions& options,
                                                 const train::SettingTexts& settings,
                                                 std::vector<train::DataSum> sums,
                                                 const std::vector<std::string>& weight_files) {
  std::map<std::string, std::string> settled;
  // Without a folder there is no --keep-best; what it chose by was cut all the same.
  if (options.checkpoint.keep_best && !options.validation.none())
    settled["--validation"] = options.validation.to_string();
  // Processes that train together cut their batches into shards by themselves.
  if (options.shards > 1) settled["--shards"] = std::to_string(options.shards);
  std::vector<std::string> words = reproducing_words(command, settled);
  if (!weight_files.empty())
    sums.push_back({.part = "weights", .checksum = checksums(weight_files).substr(1)});
  return train::metadata_of(train::provenance_here({}, words, 0, std::move(sums)), settings);
}

train::TrainResult train_and_save(nn::Module& model, const data::Sets& data, train::TrainOptions& options,
                                  const models::ModelOrigin& origin, const CheckpointFlags& checkpoints,
                                  const std::string& output) {
  // so that a checkpoint is a model file too
  options.checkpoint.metadata = models::metadata_of(origin, data.training);
  follow(options, data.has_validation());
  const auto result = train::fit(model, data, options);
  checkpoints.report_end(options, result);
  if (!output.empty() && result.status != train::Status::diverged) {
    start::save_model(output, model, result.metadata);
    note("saved {}\n", printable(output));
    if (io::model_format_for(output) != io::FileFormat::safetensors)
      note(
          "note: {} holds the weights alone: fanin evaluate and predict need the model's text, classes and normalization too, which a .safetensors file has\n",
          printable(output));
  }
  return result;
}

nlohmann::ordered_json history_json(const std::vector<train::EpochRecord>& history) {
  const bool validates = std::any_of(history.begin(), history.end(), [](const train::EpochRecord& e) {
    return std::isfinite(e.validation_loss) || std::isfinite(e.validation_accuracy);
  });
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& e : history) {
    list.push_back({{"epoch", e.epoch},
                    {"train_loss", io::finite_or_null(e.train_loss)},
                    {"train_accuracy", io::finite_or_null(e.train_accuracy)},
                    {"test_loss", io::finite_or_null(e.test_loss)},
                    {"test_accuracy", io::finite_or_null(e.test_accuracy)},
                    {"seconds", io::finite_or_null(e.seconds)}});
    if (!validates) continue;
    list.back()["validation_loss"] = io::finite_or_null(e.validation_loss);
    list.back()["validation_accuracy"] = io::finite_or_null(e.validation_accuracy);
  }
  return list;
}

std::string result_text(const train::TrainResult& result, const data::Sets& data) {
  std::string text;
  if (data.has_validation())
    text = fmt::format("validation accuracy {}, loss {}\n", share_text(result.validation.accuracy),
                       text::number(result.validation.loss, 4));
  return text + fmt::format("test {}, loss {}", accuracy_text(result.test, data.test),
                            text::number(result.test.loss, 4));
}

nlohmann::ordered_json outcome_json(const train::TrainResult& result) {
  nlohmann::ordered_json json = {{"status", train::name_of(result.status)},
                                 {"test_accuracy", io::finite_or_null(result.test.accuracy)},
                                 {"test_loss", io::finite_or_null(result.test.loss)}};
  if (result.validation.count > 0) {
    json["validation_accuracy"] = io::finite_or_null(result.validation.accuracy);
    json["validation_loss"] = io::finite_or_null(result.validation.loss);
  }
  return json;
}

}  // namespace fanin::program
