#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/core/shape.hpp>
#include <fanin/io/stored_tensor.hpp>

namespace fanin::start {

/// How a saved tensor of one shape becomes a model's of another.
enum class Adapt {
  average,  ///< input channels (dimension 1): each is the mean of the saved ones
  repeat,   ///< input channels: the saved ones in turn, times saved / wanted, which keeps the response's size
  sum,  ///< input channels: the saved ones' sum / wanted; the same response to an image alike in all channels
  keep_rows,     ///< dimension 0: the rows both have; further ones drawn by the layer's own scheme
  reinitialize,  ///< nothing is taken; the layer's own scheme draws it
  crop_pad,      ///< the overlap of both, kernels (dimensions 2 and 3) about their centre; zeros elsewhere
  /// Evenly spaced elements of a larger tensor (Xu et al. 2024, "Initializing Models with Larger Ones").
  select,
  inflate,  ///< kernels [O, I, K] ↔ [O, I, H, K]: spread evenly over H, or summed (Carreira & Zisserman 2017)
  /// From Keras's order: dense [in, out], kernels [H, W, in, out], depthwise kernels [H, W, in, multiplier].
  transpose,
  /// [H, W, in, multiplier] alone, where there is no model to tell it from the other kernels.
  transpose_depthwise,
};

/// Which tensors are adapted, and how.
struct AdaptRule {
  std::string pattern;  ///< glob on the model's names
  Adapt rule;           ///< of those it fits
  /// Of `transpose`, for the dense layer behind a Flatten: in Keras its inputs are pixels of so many channels
  /// each, here channels of pixels. 0: its inputs are in one order in both.
  Index channels = 0;
};

const char* name_of(Adapt rule);  ///< "keep_rows"
/// The rule of that name; Error (usage) with the nearest names for an unknown one.
Adapt parse_adapt(const std::string& name);
/// A rule with its options, `transpose(channels=16)`, for the names that fit `pattern`.
AdaptRule parse_adapt_rule(const std::string& pattern, const std::string& text);
/// One value of a command's --adapt, `pattern=rule`.
AdaptRule parse_adapt_rule(const std::string& text);
/// Whether the rule changes the order of elements alone, so that it has a meaning where shapes are equal too.
bool reorders(Adapt rule);

/// Why `rule` cannot turn a tensor of sizes `from` into `to`; nothing when it can.
std::optional<std::string> why_not(Adapt rule, const std::vector<Index>& from, const std::vector<Index>& to,
                                   Index channels = 0);
/// The rules under which a tensor of sizes `from` fits, those that lose nothing first; without
/// `reinitialize`, which always does.
std::vector<Adapt> fitting_rules(const std::vector<Index>& from, const std::vector<Index>& to);

/// Writes the adapted values of `from` into `to`, whose elements hold the layer's own draw where the rule
/// wants it. The pair must be one that `why_not` has nothing against; not for `reinitialize`.
void adapt(Adapt rule, const io::StoredTensor& from, Tensor& to, Index channels = 0);

/// A stored tensor in the order that a rule which `reorders` gives it; Error for one that has no such order.
io::StoredTensor reordered(const AdaptRule& rule, const io::StoredTensor& from);

}  // namespace fanin::start
