#pragma once
#include <string>
#include <vector>

#include "datasets/registry.hpp"

namespace fanin {

/// The data sets that come as MNIST's four IDX files, each plain or .gz:
/// {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte.
Dataset load_mnist(Split split);          ///< LeCun's handwritten digits; `make data-mnist` fetches them
Dataset load_fashion_mnist(Split split);  ///< Zalando's clothing; Debian package dataset-fashion-mnist
/// Any folder of the four files. `classes` 0: as many as the training labels show. No mean and stddev yet.
Dataset load_idx_folder(const std::string& folder, int classes, Split split,
                        const std::string& how_to_get = "");

}  // namespace fanin
