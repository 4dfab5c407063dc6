#include <fmt/ranges.h>

#include <charconv>
#include <cmath>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/train/class_weights.hpp>

namespace fanin::train {
namespace {

/// Small enough for any sum of them, and of squares of single precision.
constexpr double least = 1e-6, most = 1e6;

real weight_of(std::string_view piece, std::size_t at) {
  const auto first = piece.find_first_not_of(' '), last = piece.find_last_not_of(' ');
  piece = first == std::string_view::npos ? std::string_view() : piece.substr(first, last - first + 1);
  double value = 0;
  const auto [end, status] = std::from_chars(piece.data(), piece.data() + piece.size(), value);
  if (status != std::errc() || end != piece.data() + piece.size() || !(value >= least && value <= most)) {
    fail_usage(
        "class weights: {} for class {} must be a number from {} to {}; write balanced, none, or one number a class as 1,2.5,1",
        in_quotes(piece), at, least, most);
  }
  return static_cast<real>(value);
}

}  // namespace

ClassWeights::ClassWeights(const Tensor& weights) : weights_(weights) {}

ClassWeights ClassWeights::parse(const std::string& text) {
  ClassWeights result;
  if (text == "none") return result;
  result.balanced_ = text == "balanced";
  if (result.balanced_) return result;
  std::vector<real> weights;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    weights.push_back(weight_of(std::string_view(text).substr(begin, end - begin), weights.size()));
    begin = end + 1;
  }
  result.weights_ = Tensor::from(weights, {static_cast<Index>(weights.size())});
  return result;
}

std::string ClassWeights::to_string() const {
  if (balanced_) return "balanced";
  return weights_.defined() ? fmt::format("{}", fmt::join(weights_.values(), ",")) : "none";
}

Tensor ClassWeights::of(const data::Dataset& data) const {
  if (!balanced_) {
    if (weights_.defined() && weights_.shape() != Shape{data.classes})
      fail_usage("class weights: {} numbers for the {} classes of data set '{}'; give one for each class",
                 weights_.numel(), data.classes, data.name);
    return weights_;
  }
  const auto counts = data.class_counts();
  Tensor weights = Tensor::zeros({data.classes});
  for (std::size_t c = 0; c < counts.size(); ++c) {
    // A class without a sample is in no target; label smoothing would only spread chance over it.
    if (counts[c] == 0) continue;
    const double share = static_cast<double>(data.classes) * static_cast<double>(counts[c]);
    weights.data()[c] = static_cast<real>(static_cast<double>(data.count) / share);
  }
  return weights;
}

}  // namespace fanin::train
