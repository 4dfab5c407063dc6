#include <memory>
#include <numeric>

#include <fanin/core/fail.hpp>
#include <fanin/data/source.hpp>
#include <fanin/kernels/pointwise/layout.hpp>

namespace fanin::data {
namespace {

/// Rows of `table` by number.
Tensor rows(const Tensor& table, std::span<const std::int32_t> numbers) {
  Shape shape = table.shape();
  const Index width = table.numel() / shape[0];
  shape.set(0, static_cast<Index>(numbers.size()));
  Tensor picked(shape);
  kernels::gather_rows(shape[0], width, numbers.data(), table.data(), picked.data());
  return picked;
}

/// A walk over arrays, epoch by epoch.
struct Walk {
  std::vector<Tensor> inputs, targets;
  ArrayOptions options;
  Generator generator;
  BatchCut cut;
  std::vector<std::int32_t> order;
  std::vector<Index> drawn;
  Index batch = 0;

  bool next(TensorBatch& samples) {
    if (batch == cut.batches()) {
      batch = 0;
      return false;
    }
    if (batch == 0 && options.shuffle) {
      generator.randperm(std::span<Index>(drawn));
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(drawn[i]);
    }
    const auto first = static_cast<std::size_t>(cut.begin(batch)),
               size = static_cast<std::size_t>(cut.size(batch));
    const auto numbers = std::span<const std::int32_t>(order).subspan(first, size);
    const auto pick = [&](const std::vector<Tensor>& from, std::vector<Tensor>& to) {
      to.resize(from.size());
      for (std::size_t i = 0; i < from.size(); ++i) to[i] = rows(from[i], numbers);
    };
    pick(inputs, samples.inputs);
    pick(targets, samples.targets);
    ++batch;
    return true;
  }
};

}  // namespace

Source::Source(Next next, Index batches, int) : next_(std::move(next)), batches_(batches) {
  if (!next_) fail("a source of batches needs a function, got an empty one");
  if (batches < 0) fail("a source of batches cannot have {} of them in an epoch", batches);
}

Source arrays(std::vector<Tensor> inputs, std::vector<Tensor> targets, ArrayOptions options,
              const Generator& generator) {
  if (inputs.empty()) fail("arrays: there is no input; give at least one tensor");
  const auto check = [&](const std::vector<Tensor>& all, const char* what) {
    for (const Tensor& one : all) {
      require_defined("arrays", what, one);
      if (one.rank() < 1 || inputs[0].rank() < 1 || one.size(0) != inputs[0].size(0) || one.size(0) < 1 ||
          one.size(0) > INT32_MAX)
        fail("arrays: {} {} and the first input {} must have as many rows, at least one", what,
             one.shape().to_string(), inputs[0].shape().to_string());
    }
  };
  check(inputs, "input");
  check(targets, "target");
  if (options.batch < 1) fail_usage("arrays: batch must be at least 1, got {}", options.batch);
  const Index count = inputs[0].size(0);
  const BatchCut cut(count, std::min(options.batch, count), options.last_batch);
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::vector<Index> drawn(order.size());
  const auto walk = std::make_shared<Walk>(Walk{std::move(inputs), std::move(targets), options, generator,
                                                cut, std::move(order), std::move(drawn)});
  return Source([walk](TensorBatch& samples) { return walk->next(samples); }, cut.batches());
}

Source arrays(const Tensor& input, const Tensor& target, ArrayOptions options, const Generator& generator) {
  return arrays(std::vector<Tensor>{input}, std::vector<Tensor>{target}, options, generator);
}

Source images(const Dataset& data, LoaderOptions options, const Generator& generator) {
  struct Images {
    Loader loader;
    Batch batch;
  };
  const auto walk = std::make_shared<Images>(Images{Loader(data, std::move(options), generator), {}});
  return Source(
      [walk](TensorBatch& samples) {
        if (!walk->loader.next(walk->batch)) return false;
        Tensor labels({walk->batch.size()});
        std::copy(walk->batch.labels.begin(), walk->batch.labels.end(), labels.data());
        samples.inputs.resize(1);
        samples.targets.resize(1);
        samples.inputs[0] = walk->batch.images;
        samples.targets[0] = std::move(labels);
        return true;
      },
      walk->loader.batches());
}

}  // namespace fanin::data
