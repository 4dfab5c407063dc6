#include <algorithm>

#include <fanin/core/choice.hpp>
#include <fanin/data/last_batch.hpp>

namespace fanin::data {
namespace {

constexpr auto names =
    choices<LastBatch>("treatment of the last batch",
                       {{LastBatch::keep, "keep"}, {LastBatch::drop, "drop"}, {LastBatch::spread, "spread"}});

}  // namespace

const char* name_of(LastBatch last) { return names.name_of(last); }
LastBatch last_batch_named(const std::string& text) { return names.named(text); }

BatchCut::BatchCut(Index count, Index batch, LastBatch last) : used_(count), each_(batch) {
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

Index BatchCut::begin(Index batch) const { return std::min(used_, batch * each_ + std::min(batch, larger_)); }

}  // namespace fanin::data
