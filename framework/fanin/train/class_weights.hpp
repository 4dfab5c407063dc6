#pragma once
#include <string>

#include <fanin/core/tensor.hpp>
#include <fanin/data/dataset.hpp>

namespace fanin::train {

/// How much each class counts in the training loss (ops::cross_entropy, as
/// torch.nn.CrossEntropyLoss(weight=…)). A value with a text:
///
///     none
///     balanced        samples / (classes · samples of the class): every class counts alike, however many
///                     samples it has
///     w1,w2,…         a number from 1e-6 to 1e6 for each class, in their order
class ClassWeights {
 public:
  ClassWeights() = default;             ///< none
  ClassWeights(const Tensor& weights);  ///< [classes]; undefined: none
  /// Error (usage) for a text that is none of these.
  static ClassWeights parse(const std::string& text);
  std::string to_string() const;  ///< parses back to the same weights
  bool none() const {
    return !balanced_ && !weights_.defined();
  }  ///< whether all classes count alike as they are

  /// The weights [classes] for training on `data`; undefined where there are none, 0 for a class without
  /// samples where they are balanced. Error (usage) for another number of weights than classes.
  Tensor of(const data::Dataset& data) const;

 private:
  bool balanced_ = false;
  Tensor weights_;
};

}  // namespace fanin::train
