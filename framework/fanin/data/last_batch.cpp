#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/data/last_batch.hpp>

namespace fanin::data {
namespace {

constexpr auto names = named_values<LastBatch>(
    "treatment of the last batch",
    {{LastBatch::keep, "keep"}, {LastBatch::drop, "drop"}, {LastBatch::spread, "spread"}});

}  // namespace

const char* name_of(LastBatch last) { return names.name_of(last); }
LastBatch last_batch_named(const std::string& text) { return names.named(text); }

BatchCut::BatchCut(Index count, Index batch, LastBatch last) : used_(count), each_(batch) {
  if (count < 1 || batch < 1)
    fail("an epoch of {} samples cannot be cut into batches of {}: both must be at least 1", count, batch);
  switch (last) {
    case LastBatch::keep:
      batches_ = (count - 1) / batch + 1;
      break;
    case LastBatch::drop:
      batches_ = count / batch;
      used_ = batches_ * batch;
      break;
    case LastBatch::spread:
      batches_ = (count - 1) / batch + 1;
      each_ = count / batches_;
      larger_ = count % batches_;
      break;
  }
}

Index BatchCut::begin(Index batch) const {
  if (batch < 0 || batch > batches_)
    fail("batch {} is out of range: the epoch is cut into {}", batch, batches_);
  return std::min(used_, batch * each_ + std::min(batch, larger_));
}

}  // namespace fanin::data
