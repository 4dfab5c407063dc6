#pragma once
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/datasets.hpp>

namespace fanin::datasets {

/// The options that every data set takes besides its own: `only=0..4` or `only=0+3+7` keeps those classes,
/// renumbered from 0; `per_class=10` keeps so many training samples of each, drawn with `draw=0`.
struct Selection {
  std::vector<int> only{};
  Index per_class = 0;  ///< 0: all
  std::uint64_t draw = 0;

  /// Takes its options out of `call`. Error (usage) with the position for a value that does not parse.
  static Selection take_from(CallExpression& call);
  /// What is selected of one part. Validation and test sets keep all samples of their classes. Error for a class that the set does not
  /// have.
  data::Dataset apply(data::Dataset data, Split split) const;
};

}  // namespace fanin::datasets
