#include <algorithm>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/data/last_batch.hpp>

namespace fanin::data {
namespace {

const std::vector<std::string> names = {"keep", "drop", "spread"};

}  // namespace

const char* name_of(LastBatch last) { return names[static_cast<std::size_t>(last)].c_str(); }

LastBatch last_batch_named(const std::string& text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end())
    fail_usage("unknown treatment of the last batch '{}'{}", text, suggest(text, names));
  return static_cast<LastBatch>(found - names.begin());
}

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
