#include "examples/fanin/shared_training.hpp"

#include <fmt/core.h>

#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/train/provenance.hpp>
#include <fanin/train/sharded_step.hpp>

#include "examples/fanin/launch.hpp"
#include "examples/fanin/weight_files.hpp"

namespace fanin::program {
namespace {

constexpr Index usual_shards = 8;  // of processes that work together

}  // namespace

void share_out(train::TrainOptions& options, const TrainingFlags& flags) {
  options.ranks = ranks();
  if (ranks() && !flags.chose_shards()) options.shards = std::min(usual_shards, options.batch);
  options.checkpoint.follow = !is_first();
}

void require_shares(nn::Module& model, const train::TrainOptions& options) {
  if (options.sync_batch_norm && !train::has_batch_norm(model))
    fail_usage("--sync-batch-norm: this model has no batch normalization; leave it out");
  if (ranks()) train::own_shards(options.shards, *ranks());
}

std::string shares_text(const train::TrainOptions& options) {
  return ranks() ? fmt::format("; {} shards on {} processes", options.shards, ranks()->size) : "";
}

void require_same_files(const data::Sets& data, const std::vector<std::string>& weight_files) {
  if (!ranks()) return;
  std::string weights;
  in_step([&] { weights = checksums(weight_files); });
  require_same("data set", train::checksum(data.training) + " " + train::checksum(data.test));
  require_same("weight file", weights);
}

}  // namespace fanin::program
