#include <sched.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include <fanin/autograd/after_op.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/random/generator.hpp>
#include <fanin/train/metrics.hpp>
#include <fanin/train/sharded_step.hpp>

namespace fanin::train {
namespace {

// Before the parameters stand the loss, the number of samples predicted right, whether somebody asked for an end,
// and for each parameter whether it has a gradient at all.
constexpr Index loss_at = 0, correct_at = 1, stop_at = 2, flags_at = 3;

constexpr Index least_bucket = 64 * 1024;  // elements, below which messages cost more than bytes

/// The left part of a tree over so many: the largest power of two that leaves something for the right.
Index left_of(Index count) {
  return static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(count - 1)));
}

void add(const real* from, real* to, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) to[i] += from[i];
}

int up(std::size_t bucket) { return static_cast<int>(100 + 2 * bucket); }
int down(std::size_t bucket) { return static_cast<int>(101 + 2 * bucket); }

}  // namespace

ShardedStep::ShardedStep(nn::Module& model, Index shards, const Ranks* ranks, std::uint64_t seed)
    : model_(model),
      shards_(shards),
      first_(0),
      end_(shards),
      ranks_(ranks != nullptr && ranks->size > 1 ? ranks : nullptr),
      seed_(seed),
      draws_(!model.streams().empty()) {
  if (ranks_) {
    const Index size = ranks_->size, each = shards / size;
    if (each * size != shards || !std::has_single_bit(static_cast<std::uint64_t>(each)))
      fail_usage(
          "{} shards cannot be shared out alike among {} processes, a power of two for each; use --shards {}, or another "
          "number of processes",
          shards, size,
          size * std::max<Index>(1, static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(each)))));
    first_ = each * ranks_->rank;
    end_ = first_ + each;
    // Where this rank stands in the tree over all of them.
    Index low = 0, high = size;
    while (high - low > 1) {
      const Index middle = low + left_of(high - low);
      if (ranks_->rank < middle) {
        if (ranks_->rank == low) children_.insert(children_.begin(), static_cast<int>(middle));
        high = middle;
      } else {
        if (ranks_->rank == middle) parent_ = static_cast<int>(low);
        low = middle;
      }
    }
  }
  lay_out();
}

void ShardedStep::lay_out() {
  for (auto& one : model_.named_parameters()) parameters_.insert(parameters_.begin(), one.parameter);
  total_ = flags_at + static_cast<Index>(parameters_.size());
  for (const auto& entry : model_.named_buffers()) {
    buffers_.push_back({entry.second, total_, entry.second.numel()});
    buffers_before_.emplace_back(entry.second.shape());
    total_ += entry.second.numel();
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
  const auto depth = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(end_ - first_)));
  for (std::size_t i = 0; i <= depth; ++i) slots_.push_back(Tensor::zeros({total_}));
  if (ranks_) arriving_ = Tensor::zeros({total_});
}

/// Gradients of a bucket's parameters, times the shard's share in the batch.
void ShardedStep::take(const Bucket& bucket, double share) {
  const auto factor = static_cast<real>(share);
  real* flat = top();
  for (std::size_t i = bucket.first_parameter; i < bucket.first_parameter + bucket.parameters; ++i) {
    const Tensor gradient = parameters_[i]->value.grad();
    const Index count = parameters_[i]->value.numel();
    real* to = flat + begins_[i];
    if (!gradient.defined()) {
      std::fill(to, to + count, real{0});
      continue;
    }
    const real* from = gradient.data();
    for (Index k = 0; k < count; ++k) to[k] = factor * from[k];
  }
}

/// Sums that wait, the top's part among them, into the first.
void ShardedStep::merge(Index begin, Index end) {
  for (std::size_t k = depth_; k > 0; --k) add(slots_[k].data(), slots_[k - 1].data(), begin, end);
}

void ShardedStep::take_ready(double share, bool all) {
  while (taken_ < buckets_.size()) {
    const Bucket& next = buckets_[taken_];
    const auto done = [this](std::size_t i) {
      const Tensor& value = parameters_[i]->value;  // which ops of the graph hold until they are done
      return !value.requires_grad() || value.unique();
    };
    for (std::size_t i = 0; i < next.parameters; ++i)
      if (!all && !done(next.first_parameter + i)) return;
    take(next, share);
    if (last_) merge(next.begin, next.end);
    ++taken_;
    if (last_ && ranks_) advance_all();
  }
}

void ShardedStep::compute(const data::Batch& batch, Index shard, Index step,
                          const ops::CrossEntropyOptions& options) {
  const Index n = batch.size(), first = n * shard / shards_, count = n * (shard + 1) / shards_ - first;
  real* flat = top();
  taken_ = 0;
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].tensor.copy_from(buffers_before_[i]);
  for (const auto& one : parameters_) one->value.zero_grad();
  if (count == 0) {  // of a batch of fewer samples than shards
    std::fill_n(flat, stop_at, real{0});
    std::fill(flat + flags_at, flat + total_, real{0});
    return take_ready(0, true);
  }
  if (draws_) {
    const std::uint64_t shard_seed = derive_seed(seed_ + static_cast<std::uint64_t>(step), "shards");
    model_.reseed(shard_seed + static_cast<std::uint64_t>(shard));
  }
  const Index row = batch.images.numel() / n;
  Tensor images({count, batch.images.size(1), batch.images.size(2), batch.images.size(3)});
  std::copy_n(batch.images.data() + first * row, count * row, images.data());
  const std::span<const std::int32_t> labels(batch.labels.data() + first, static_cast<std::size_t>(count));
  const auto weight = [&](std::span<const std::int32_t> of) {
    if (!options.class_weights.defined()) return static_cast<double>(of.size());
    double sum = 0;
    for (const std::int32_t label : of) sum += static_cast<double>(options.class_weights.data()[label]);
    return sum;
  };
  const double share = weight(labels) / weight({batch.labels.data(), batch.labels.size()});
  const Tensor logits = model_(images);
  const Tensor loss = ops::cross_entropy(logits, labels, options);
  flat[loss_at] = static_cast<real>(share) * loss.item();
  flat[correct_at] = static_cast<real>(count_correct(logits, labels));
  const auto samples = static_cast<real>(static_cast<double>(count) / static_cast<double>(n));
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Place& place = buffers_[i];
    const real *now = std::as_const(place.tensor).data(), *before = std::as_const(buffers_before_[i]).data();
    for (Index k = 0; k < place.count; ++k) flat[place.begin + k] = samples * (now[k] - before[k]);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    flat[flags_at + static_cast<Index>(i)] = parameters_[i]->value.requires_grad() ? real{1} : real{0};
  if (std::isfinite(loss.item())) {
    const AfterEachOp ready([this, share] { take_ready(share, false); });
    loss.backward();
  }
  take_ready(share, true);
}

/// One step of a bucket's way between the ranks; whether it has come to its end. First the sums of the ranks
/// below in the tree arrive and are added, in their order; then the sum goes up, and the sum of all comes down.
bool ShardedStep::advance(Bucket& bucket, std::size_t number) {
  const auto bytes = [&](Tensor& tensor) {
    return std::as_writable_bytes(
        std::span(tensor.data() + bucket.begin, static_cast<std::size_t>(bucket.end - bucket.begin)));
  };
  Tensor& sum = slots_.front();
  const std::size_t below = children_.size(), going_up = below, coming_down = below + 1,
                    handing_down = below + 2;
  while (true) {
    std::erase_if(bucket.under_way, [this](int message) { return ranks_->done(message); });
    if (!bucket.under_way.empty()) return false;
    const std::size_t stage = bucket.stage++;
    if (stage > 0 && stage <= below) add(arriving_.data(), sum.data(), bucket.begin, bucket.end);
    if (stage < below) {
      bucket.under_way = {ranks_->start_receive(children_[stage], up(number), bytes(arriving_))};
    } else if (stage == going_up && parent_ >= 0) {
      bucket.under_way = {ranks_->start_send(parent_, up(number), bytes(sum))};
    } else if (stage == coming_down && parent_ >= 0) {
      bucket.under_way = {ranks_->start_receive(parent_, down(number), bytes(sum))};
    } else if (stage == handing_down) {
      for (auto child = children_.rbegin(); child != children_.rend(); ++child)
        bucket.under_way.push_back(ranks_->start_send(*child, down(number), bytes(sum)));
    } else if (stage > handing_down) {
      bucket.stage = stage;
      return true;
    }
  }
}

bool ShardedStep::advance_all() {
  bool done = true;
  for (std::size_t i = 0; i < taken_; ++i) done = advance(buckets_[i], i) && done;
  return done;
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
  for (Bucket& bucket : buckets_) bucket.stage = 0;
  sizes_.clear();
  for (Index shard = first_; shard < end_; ++shard) {
    depth_ = sizes_.size();
    last_ = shard + 1 == end_;
    slots_[depth_].data()[stop_at] = stop ? real{1} : real{0};
    compute(batch, shard, step, options);
    if (last_) break;
    Index size = 1;  // as a binary counter carries
    while (!sizes_.empty() && sizes_.back() == size) {
      add(slots_[depth_].data(), slots_[depth_ - 1].data(), 0, total_);
      --depth_;
      sizes_.pop_back();
      size *= 2;
    }
    sizes_.push_back(size);
  }
  // Where there are more ranks than cores, whoever waits gives way.
  while (ranks_ && !advance_all()) ::sched_yield();
  put_back();
  if (draws_) model_.reseed(derive_seed(seed_ + static_cast<std::uint64_t>(step), "shards done"));
  const real* flat = std::as_const(slots_.front()).data();
  return {static_cast<double>(flat[loss_at]), static_cast<Index>(flat[correct_at]), flat[stop_at] > 0};
}

}  // namespace fanin::train
