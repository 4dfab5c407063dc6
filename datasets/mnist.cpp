#include "datasets/mnist.hpp"

#include <filesystem>

#include "datasets/files.hpp"
#include "datasets/idx.hpp"
#include "framework/core/error.hpp"

namespace fanin {
namespace {

namespace fs = std::filesystem;

bool file_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The file in `folder`, plain or .gz, also under the spelling some mirrors use (train-images.idx3-ubyte);
/// the plain name when there is none, for the message.
std::string find_file(const fs::path& folder, const std::string& stem, const std::string& kind) {
  for (const char* joint : {"-", "."})
    for (const char* packed : {"", ".gz"})
      if (const fs::path path = folder / (stem + joint + kind + packed); file_exists(path))
        return path.string();
  return (folder / (stem + "-" + kind)).string() + "[.gz]";
}

}  // namespace

Dataset load_idx_folder(const std::string& folder, int classes, Split split, const std::string& how_to_get) {
  const std::string stem = split == Split::train ? "train" : "t10k";
  if (!file_exists(folder))
    fail("{}: no such folder, expected MNIST's four IDX files in it{}", folder, advice(how_to_get));
  Dataset data = read_idx_dataset(find_file(folder, stem + "-images", "idx3-ubyte"),
                                  find_file(folder, stem + "-labels", "idx1-ubyte"), classes, how_to_get);
  data.name = folder;
  return data;
}

Dataset load_mnist(Split split) {
  Dataset data = load_idx_folder(find_data_folder("mnist"), 10, split, "make data-mnist");
  data.name = "mnist";
  data.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  data.mean = {0.1307f};
  data.stddev = {0.3081f};
  return data;
}

Dataset load_fashion_mnist(Split split) {
  Dataset data = load_idx_folder(find_data_folder("fashion-mnist", {"/usr/share/datasets/fashion-mnist"}), 10,
                                 split, "apt-get install dataset-fashion-mnist");
  data.name = "fashion-mnist";
  data.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  data.mean = {0.2860f};
  data.stddev = {0.3530f};
  return data;
}

}  // namespace fanin
