#pragma once
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

namespace fanin::datasets {

/// The data sets that come as MNIST's four IDX files, each plain or .gz:
/// {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte.
data::Dataset load_mnist(Split split);  ///< LeCun's handwritten digits; `make data-mnist` fetches them
data::Dataset load_fashion_mnist(Split split);  ///< Zalando's clothing; Debian package dataset-fashion-mnist
struct IdxFolder {
  std::string path;
  std::string name =
      "";  ///< which set, where the folder holds several: "emnist-letters" for emnist-letters-train-images-…
  int classes = 0;  ///< 0: as many as the training labels show
};

/// Any folder of the four files, also under the names of EMNIST (emnist-letters-train-images-idx3-ubyte,
/// …-test-…) and QMNIST (qmnist-train-labels-idx2-int). No mean and stddev yet.
data::Dataset load_idx_folder(const IdxFolder& folder, Split split, const std::string& how_to_get = "");

}  // namespace fanin::datasets
