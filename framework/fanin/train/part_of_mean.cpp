#include <algorithm>

#include <fanin/train/part_of_mean.hpp>

namespace fanin::train {

double mean_divisor(std::span<const std::int32_t> labels, const ops::CrossEntropyOptions& options) {
  const std::span<const real> weights =
      options.class_weights.defined() ? options.class_weights.values() : std::span<const real>();
  double sum = 0;
  for (const std::int32_t label : labels) {
    if (label == options.ignore_index) continue;
    if (weights.empty())
      sum += 1;
    else if (static_cast<std::size_t>(label) < weights.size())  // others are the loss's to refuse
      sum += static_cast<double>(weights[static_cast<std::size_t>(label)]);
  }
  return sum;
}

PartOfMean part_of_mean(const Tensor& logits, std::span<const std::int32_t> labels,
                        const ops::CrossEntropyOptions& options, double batch_divisor) {
  const double weight = mean_divisor(labels, options);
  if (weight > 0 || !(batch_divisor > 0))
    return {ops::cross_entropy(logits, labels, options), weight / batch_divisor};
  Tensor target = Tensor::zeros(logits.shape());
  const Index rows = logits.size(0), classes = logits.size(1);
  for (Index row = 0; row < rows; ++row) {
    const Index label = labels[static_cast<std::size_t>(row)];
    if (label == options.ignore_index) continue;
    if (label < 0 || label >= classes)
      return {ops::cross_entropy(logits, labels, options), 0};  // which refuses it
    std::fill_n(target.data() + row * classes, classes,
                static_cast<real>(options.label_smoothing / static_cast<double>(classes)));
  }
  return {ops::cross_entropy(logits, target, {.class_weights = options.class_weights}),
          static_cast<double>(rows) / batch_divisor};
}

}  // namespace fanin::train
