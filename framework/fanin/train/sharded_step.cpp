#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include <fanin/autograd/after_op.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/random/generator.hpp>
#include <fanin/train/metrics.hpp>
#include <fanin/train/part_of_mean.hpp>
#include <fanin/train/sharded_step.hpp>

namespace fanin::train {
namespace {

// Before the parameters stand the loss, the number of samples predicted right, whether somebody asked for an end,
// and for each parameter whether it has a gradient at all.
constexpr Index loss_at = 0, correct_at = 1, stop_at = 2, flags_at = 3;

constexpr Index least_bucket = 65'536;  // elements, below which messages cost more than bytes

void add(const real* from, real* to, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) to[i] += from[i];
}

/// Buffers that move alike whichever shard moves them, where batch statistics are shared.
std::vector<Tensor> shared_statistics(nn::Module& model) {
  std::vector<Tensor> all;
  for (const auto& one : model.named_modules()) {
    const auto* norm = dynamic_cast<const nn::BatchNorm*>(one.module);
    if (norm != nullptr) all.insert(all.end(), {norm->running_mean, norm->running_var});
  }
  return all;
}

}  // namespace

ShardedStep::ShardedStep(nn::Module& model, const ShardOptions& options, const RankGroup* ranks)
    : model_(model),
      options_(options),
      first_(0),
      end_(options.shards),
      ranks_(ranks != nullptr && ranks->size > 1 ? ranks : nullptr),
      draws_(!model.streams().empty()) {
  if (ranks_) std::tie(first_, end_) = own_shards(options.shards, *ranks_);
  lay_out();
}

std::pair<Index, Index> own_shards(Index shards, const RankGroup& ranks) {
  const Index size = ranks.size, each = shards / size;
  if (each * size != shards || !std::has_single_bit(static_cast<std::uint64_t>(each)))
    fail_usage(
        "{} shards cannot be shared out alike among {} processes, a power of two for each; use --shards {}, or another "
        "number of processes",
        shards, size,
        size * std::max<Index>(1, static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(each)))));
  return {each * ranks.rank, each * (ranks.rank + 1)};
}

void ShardedStep::lay_out() {
  const bool together = options_.sync_batch_norm;
  for (auto& one : model_.named_parameters()) parameters_.insert(parameters_.begin(), one.parameter);
  total_ = flags_at + static_cast<Index>(parameters_.size());
  const std::vector<Tensor> shared = together ? shared_statistics(model_) : std::vector<Tensor>();
  for (const auto& entry : model_.named_buffers()) {
    const Tensor& buffer = entry.second;
    if (std::any_of(shared.begin(), shared.end(),
                    [&](const Tensor& one) { return one.data() == buffer.data(); }))
      continue;
    buffers_.push_back({buffer, total_, buffer.numel()});
    buffers_before_.emplace_back(buffer.shape());
    total_ += buffer.numel();
  }
  Index begin = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    begins_.push_back(total_);
    total_ += parameters_[i]->value.numel();
    if (total_ - begin < least_bucket && i + 1 < parameters_.size()) continue;
    buckets_.push_back({begin, total_, first, i + 1 - first});
    begin = total_;
    first = i + 1;
  }
  const auto shards = static_cast<std::size_t>(end_ - first_);
  const std::size_t slots = together ? shards : static_cast<std::size_t>(std::bit_width(shards)) + 1;
  for (std::size_t i = 0; i < slots; ++i) slots_.push_back(Tensor::zeros({total_}));
  if (ranks_) sum_.emplace(*ranks_, slots_.front());
  if (!together) return;
  for (const auto& entry : model_.named_generators()) generators_.push_back(entry.second);
  for (std::size_t i = 0; i < shards; ++i) {
    apart_.emplace_back();
    for (const Generator* one : generators_) apart_.back().streams.push_back(*one);
    for (const Place& one : buffers_) apart_.back().buffers.emplace_back(one.tensor.shape());
  }
  lockstep_.emplace(shards, Lockstep::Calls{.enter = [this](std::size_t which) { enter(which); },
                                            .leave = [this](std::size_t which) { leave(which); },
                                            .meet =
                                                [this](std::span<double> values, Lockstep::Join join) {
                                                  if (sum_) sum_->all(values, join);
                                                }});
}

/// A parameter's gradient, times the shard's share in the batch. Where shards go together, they bring it part by
/// part, and as the whole batch has it.
void ShardedStep::take(std::size_t parameter, double share) {
  Tensor& value = parameters_[parameter]->value;
  const Tensor gradient = value.grad();
  const Index count = value.numel();
  real* to = top() + begins_[parameter];
  if (is_together()) {
    if (!gradient.defined()) return;
    add(std::as_const(gradient).data(), to, 0, count);
    value.zero_grad();
  } else if (!gradient.defined()) {
    std::fill(to, to + count, real{0});
  } else {
    const real* from = gradient.data();
    const auto factor = static_cast<real>(share);
    for (Index k = 0; k < count; ++k) to[k] = factor * from[k];
  }
}

/// Sums that wait, the top's part among them, into the first.
void ShardedStep::merge(Index begin, Index end) {
  if (!is_together()) {
    for (std::size_t k = depth_; k > 0; --k) add(slots_[k].data(), slots_[k - 1].data(), begin, end);
    return;
  }
  for (std::size_t apart = 1; apart < slots_.size(); apart *= 2)
    for (std::size_t i = 0; i + apart < slots_.size(); i += 2 * apart)
      add(slots_[i + apart].data(), slots_[i].data(), begin, end);
}

void ShardedStep::take_ready(double share, bool all) {
  while (taken_ < buckets_.size()) {
    const Bucket& next = buckets_[taken_];
    const std::size_t behind = next.first_parameter + next.parameters;
    const auto done = [this](std::size_t i) {
      // Ops of the graph hold what they add a gradient to until they are done. (Its elements may be others' as well:
      // an optimizer has those of all parameters in one piece.)
      const Tensor& value = parameters_[i]->value;
      return !value.requires_grad() || value.handles() == 1;
    };
    for (std::size_t i = next.first_parameter; i < behind; ++i)
      if (!all && !done(i)) return;
    for (std::size_t i = next.first_parameter; i < behind; ++i) take(i, share);
    if (last_) merge(next.begin, next.end);
    ++taken_;
    if (last_ && sum_) sum_->add(next.begin, next.end);
  }
}

void ShardedStep::compute(const Call& call, Index shard) {
  const data::Batch& batch = call.batch;
  const ops::CrossEntropyOptions& options = call.options;
  const Index n = batch.size(), first = n * shard / options_.shards,
              count = n * (shard + 1) / options_.shards - first;
  real* flat = top();
  flat[stop_at] = call.stop ? real{1} : real{0};
  if (count == 0) {  // of a batch of fewer samples than shards
    std::fill_n(flat, stop_at, real{0});
    std::fill(flat + flags_at, flat + total_, real{0});
    return take_ready(0, true);
  }
  if (draws_) {
    const std::uint64_t shard_seed =
        derive_seed(options_.seed + static_cast<std::uint64_t>(call.step), "shards");
    model_.reseed(shard_seed + static_cast<std::uint64_t>(shard));
  }
  const Index row = batch.images.numel() / n;
  Tensor images({count, batch.images.size(1), batch.images.size(2), batch.images.size(3)});
  std::copy_n(batch.images.data() + first * row, count * row, images.data());
  const std::span<const std::int32_t> labels(batch.labels.data() + first, static_cast<std::size_t>(count));
  const Tensor logits = model_(images);
  const auto part = part_of_mean(logits, labels, options, mean_divisor(batch.labels, options));
  const Tensor& own = part.loss;
  const double share = part.share;
  // Gradients that pass from shard to shard are those of the batch's loss from the beginning.
  const Tensor loss = is_together() ? ops::mul(own, share) : own;
  flat[loss_at] = static_cast<real>(share) * own.item();
  flat[correct_at] = static_cast<real>(count_correct(logits, labels));
  const auto samples = static_cast<real>(static_cast<double>(count) / static_cast<double>(n));
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Place& place = buffers_[i];
    const real *now = std::as_const(place.tensor).data(), *before = std::as_const(buffers_before_[i]).data();
    for (Index k = 0; k < place.count; ++k) flat[place.begin + k] = samples * (now[k] - before[k]);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    flat[flags_at + static_cast<Index>(i)] = parameters_[i]->value.requires_grad() ? real{1} : real{0};
  if (is_together() && !last_) return loss.backward();  // `leave` takes the gradients
  if (is_together() || std::isfinite(own.item())) {
    const AfterEachOp ready([this, share] { take_ready(share, false); });
    loss.backward();
  }
  take_ready(share, true);
}

/// Shard by shard, sums as a binary counter carries.
void ShardedStep::one_by_one(const Call& call) {
  sizes_.clear();
  for (Index shard = first_; shard < end_; ++shard) {
    depth_ = sizes_.size();
    last_ = shard + 1 == end_;
    taken_ = 0;
    for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].tensor.copy_from(buffers_before_[i]);
    for (const auto& one : parameters_) one->value.zero_grad();
    compute(call, shard);
    if (last_) break;
    Index size = 1;
    while (!sizes_.empty() && sizes_.back() == size) {
      add(slots_[depth_].data(), slots_[depth_ - 1].data(), 0, total_);
      --depth_;
      sizes_.pop_back();
      size *= 2;
    }
    sizes_.push_back(size);
  }
}

/// All shards of this process, from one batch normalization to the next.
void ShardedStep::together(const Call& call) {
  if (call.batch.size() < options_.shards)
    fail_usage(
        "a batch of {} samples has fewer than its {} shards, whose batch statistics are to be one; use "
        "fewer shards",
        call.batch.size(), options_.shards);
  taken_ = 0;
  for (Tensor& one : slots_) one.fill(0);
  for (const auto& one : parameters_) one->value.zero_grad();
  for (Apart& one : apart_)
    for (std::size_t i = 0; i < buffers_.size(); ++i) one.buffers[i].copy_from(buffers_before_[i]);
  lockstep_->run([this, &call](std::size_t which) {
    const ops::SharedBatch batch([this, which](std::span<double> values,
                                               Lockstep::Join join) { lockstep_->meet(which, values, join); },
                                 which == 0);
    compute(call, first_ + static_cast<Index>(which));
  });
}

void ShardedStep::enter(std::size_t which) {
  depth_ = which;
  last_ = which + 1 == slots_.size();
  for (std::size_t i = 0; i < generators_.size(); ++i) *generators_[i] = apart_[which].streams[i];
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].tensor.copy_from(apart_[which].buffers[i]);
}

void ShardedStep::leave(std::size_t which) {
  std::size_t begin = 0;
  if (last_ && taken_ > 0) begin = buckets_[taken_ - 1].first_parameter + buckets_[taken_ - 1].parameters;
  for (std::size_t i = begin; i < parameters_.size(); ++i) take(i, 1);
  for (std::size_t i = 0; i < generators_.size(); ++i) apart_[which].streams[i] = *generators_[i];
  for (std::size_t i = 0; i < buffers_.size(); ++i) apart_[which].buffers[i].copy_from(buffers_[i].tensor);
}

void ShardedStep::put_back() {
  const real* flat = std::as_const(slots_.front()).data();
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    real* now = buffers_[i].tensor.data();
    const real* before = std::as_const(buffers_before_[i]).data();
    for (Index k = 0; k < buffers_[i].count; ++k) now[k] = before[k] + flat[buffers_[i].begin + k];
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& value = parameters_[i]->value;
    if (flat[flags_at + static_cast<Index>(i)] == 0) {
      value.zero_grad();
      continue;
    }
    std::copy_n(flat + begins_[i], value.numel(), value.grad_buffer().data());
    value.mark_grad();
  }
}

ShardedStep::Found ShardedStep::operator()(const data::Batch& batch, Index step,
                                           const ops::CrossEntropyOptions& options, bool stop) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_before_[i].copy_from(buffers_[i].tensor);
  if (sum_) sum_->begin();
  const Call call{batch, step, options, stop};
  is_together() ? together(call) : one_by_one(call);
  if (sum_) sum_->finish();
  put_back();
  if (draws_) model_.reseed(derive_seed(options_.seed + static_cast<std::uint64_t>(step), "shards done"));
  const real* flat = std::as_const(slots_.front()).data();
  return {static_cast<double>(flat[loss_at]), static_cast<Index>(flat[correct_at]), flat[stop_at] > 0};
}

}  // namespace fanin::train
