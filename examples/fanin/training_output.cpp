#include "examples/fanin/training_output.hpp"

#include <fmt/core.h>

#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/io/finite_json.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

/// Tells of every epoch on stderr, and ends the run at Ctrl-C.
void follow(train::TrainOptions& options) {
  options.on_epoch = [epochs = options.epochs](const train::EpochRecord& e) {
    note("epoch {:>3}/{}  train loss {}  test loss {}  test accuracy {}  {:.1f} s\n", e.epoch, epochs,
         text::number(e.train_loss, 4), text::number(e.test_loss, 4), share_text(e.test_accuracy), e.seconds);
  };
  options.stop = [] { return interrupted().load(std::memory_order_relaxed); };
  watch_interrupts();
}

}  // namespace

train::TrainResult train_and_save(nn::Module& model, const data::Sets& data, train::TrainOptions& options,
                                  const models::ModelOrigin& origin, const CheckpointFlags& checkpoints,
                                  const std::string& output) {
  // so that a checkpoint is a model file too
  options.checkpoint.metadata = models::metadata_of(origin, data.training);
  follow(options);
  const auto result = train::train(model, data, options);
  checkpoints.report_end(options, result);
  if (!output.empty() && result.status != train::Status::diverged) {
    models::save(output, model, origin, data.training);
    note("saved {}\n", output);
  }
  return result;
}

nlohmann::ordered_json history_json(const std::vector<train::EpochRecord>& history) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& e : history) {
    list.push_back({{"epoch", e.epoch},
                    {"train_loss", io::finite_or_null(e.train_loss)},
                    {"train_accuracy", io::finite_or_null(e.train_accuracy)},
                    {"test_loss", io::finite_or_null(e.test_loss)},
                    {"test_accuracy", io::finite_or_null(e.test_accuracy)},
                    {"seconds", io::finite_or_null(e.seconds)}});
  }
  return list;
}

}  // namespace fanin::program
