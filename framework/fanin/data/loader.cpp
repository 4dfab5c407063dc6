#include <algorithm>
#include <numeric>

#include <fanin/core/fail.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/kernels/pointwise/gather.hpp>

namespace fanin::data {

Loader::Loader(const Dataset& data, LoaderOptions options, const Generator& gen)
    : data_(&data), options_(std::move(options)), first_(gen), gen_(gen) {
  if (options_.batch < 1) fail_usage("loader: batch {} must be at least 1", options_.batch);
  data.check();
  cut_ = BatchCut(data.count, options_.batch, options_.last_batch);
  if (cut_.batches() == 0)
    fail_usage(
        "loader: dataset '{}' has {} samples, fewer than one batch of {}, and dropping the last batch leaves none; "
        "use a smaller batch, or keep or spread the last one",
        data.name, data.count, options_.batch);
  options_.batch = std::min(options_.batch, data.count);
  image_bytes_ = static_cast<std::size_t>(data.image_size());
  order_.resize(static_cast<std::size_t>(data.count));
  std::vector<float> means = data.mean, stddevs = data.stddev;
  if (const Normalization& given = options_.transform.normalization(); !given.empty()) {
    means = per_channel(given.mean, data.channels);
    stddevs = per_channel(given.stddev, data.channels);
  }
  // (pixel/255 - mean)/stddev as one multiplication and one addition.
  for (std::size_t c = 0; c < means.size(); ++c) {
    const double mean = means[c], stddev = stddevs[c];
    scale_.push_back(static_cast<real>(1 / (255 * stddev)));
    offset_.push_back(static_cast<real>(-mean / stddev));
  }
  if (options_.transform.augments()) {
    augmented_.resize(static_cast<std::size_t>(options_.batch * data.image_size()));
    scratch_.resize(static_cast<std::size_t>(data.image_size()));
    identity_.resize(static_cast<std::size_t>(options_.batch));
    std::iota(identity_.begin(), identity_.end(), Index{0});
  }
}

void Loader::begin_epoch() {
  if (options_.shuffle)
    gen_.randperm(std::span<Index>(order_));
  else
    std::iota(order_.begin(), order_.end(), Index{0});
  augment_seed_ = gen_.random64();  // drawn always: with and without a transform, the order stays the same
  begun_ = true;
}

bool Loader::next(Batch& batch) {
  if (position_.batch == cut_.batches()) {
    position_ = {position_.epoch + 1, 0};
    begun_ = false;
    return false;
  }
  const Dataset& data = *data_;
  if (order_.empty()) fail("loader: it was moved from; use the one that it was moved into");
  if (data.labels.size() != order_.size() || data.images.size() != order_.size() * image_bytes_)
    fail("loader: dataset '{}' changed under it: it had {} samples and has {} labels and {} image bytes",
         data.name, order_.size(), data.labels.size(), data.images.size());
  if (!begun_) begin_epoch();
  const Index size = cut_.size(position_.batch);
  const Index* chosen = order_.data() + cut_.begin(position_.batch);

  batch.labels.resize(static_cast<std::size_t>(size));
  for (Index i = 0; i < size; ++i)
    batch.labels[static_cast<std::size_t>(i)] = data.labels[static_cast<std::size_t>(chosen[i])];

  const std::uint8_t* images = data.images.data();
  if (options_.transform.augments()) {
    // A generator for each batch, so that `seek` need not replay the batches before.
    Generator gen(augment_seed_ + static_cast<std::uint64_t>(position_.batch));
    const Index bytes = data.image_size();
    for (Index i = 0; i < size; ++i) {
      std::uint8_t* out = augmented_.data() + i * bytes;
      std::copy_n(images + chosen[i] * bytes, bytes, out);
      options_.transform.augment({out, data.channels, data.height, data.width}, scratch_, gen);
    }
    images = augmented_.data();
    chosen = identity_.data();
  }
  batch.images = Tensor();  // back to the pool first, unless somebody still holds it
  batch.images = Tensor({size, data.channels, data.height, data.width});
  kernels::gather_normalize(images, data.image_size(), chosen, size, data.channels, scale_.data(),
                            offset_.data(), batch.images.data());
  ++position_.batch;
  return true;
}

void Loader::seek(const Position& position) {
  if (position.epoch < 0 || position.batch < 0 || position.batch > batches())
    fail("loader: no position epoch {}, batch {}: an epoch of dataset '{}' has {} batches", position.epoch,
         position.batch, data_->name, batches());
  gen_ = first_;
  for (Index epoch = 0; epoch < position.epoch; ++epoch) begin_epoch();
  position_ = position;
  if (position.batch > 0)
    begin_epoch();
  else
    begun_ = false;
}

Batch first_batch(const Dataset& data, Index most, const Normalization& normalization) {
  // no more than the set has
  Loader loader(data, {.batch = most, .transform = Transform().normalize(normalization)});
  Batch batch;
  loader.next(batch);
  return batch;
}

}  // namespace fanin::data
