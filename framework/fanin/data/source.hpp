#pragma once
#include <functional>
#include <utility>
#include <vector>

#include <fanin/core/tensor.hpp>
#include <fanin/data/last_batch.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::data {

/// Some samples of any kind: what a model takes, and what a loss compares its outputs with. All of one size in
/// their first dimension.
struct TensorBatch {
  std::vector<Tensor> inputs;   ///< one for each tensor that the model takes
  std::vector<Tensor> targets;  ///< as the loss wants them; class labels as whole numbers [N]
  Index size() const { return inputs.empty() ? 0 : inputs[0].size(0); }  ///< N
};

/// Where batches come from: a function that gives the next batch of an epoch, or says that the epoch is over,
/// after which the next call begins another.
class Source {
 public:
  using Next = std::function<bool(TensorBatch&)>;  ///< fills a batch; false: the epoch is over
  /// `batches` in each epoch, where that is known: a schedule may ask for it. Error for an empty function.
  template <class Function>
  requires std::is_invocable_r_v<bool, Function, TensorBatch&> Source(Function next, Index batches = 0)
      : Source(Next(std::move(next)), batches, 0) {}
  bool next(TensorBatch& batch) const { return next_(batch); }  ///< as the function
  Index batches() const { return batches_; }                    ///< in an epoch; 0: not known

 private:
  Source(Next next, Index batches, int);
  Next next_;
  Index batches_;
};

/// How arrays are cut into batches.
struct ArrayOptions {
  Index batch = 64;                        ///< rows, ≥ 1; no more than there are
  bool shuffle = false;                    ///< draw a new order each epoch; as they are otherwise
  LastBatch last_batch = LastBatch::keep;  ///< what becomes of the rows that do not fill one
};

/// @{
/// Rows of arrays in memory, of which all have one size in their first dimension: `arrays(x, y, {.batch = 32,
/// .shuffle = true}, Generator(1))`. Equal generators give equal orders. Error for arrays of several sizes, of
/// rank 0, or for none, and for a batch below 1.
Source arrays(std::vector<Tensor> inputs, std::vector<Tensor> targets, ArrayOptions options = {},
              const Generator& generator = Generator(0));
Source arrays(const Tensor& input, const Tensor& target, ArrayOptions options = {},
              const Generator& generator = Generator(0));
/// @}

/// The images of a data set as a Loader gives them, their labels as the target [N]; `data` must outlive it.
Source images(const Dataset& data, LoaderOptions options, const Generator& generator = Generator(0));

}  // namespace fanin::data
