#pragma once
#include <vector>

namespace fanin::data {

/// What a pixel becomes before a network sees it: (pixel/255 − mean)/stddev. One number for all channels, or
/// one for each. A network is trained and used under one and the same.
struct Normalization {
  std::vector<double> mean = {}, stddev = {};  ///< of pixel/255; stddev is positive

  bool empty() const { return mean.empty(); }  ///< then the data set's own holds
  bool operator==(const Normalization&) const = default;
};

}  // namespace fanin::data
