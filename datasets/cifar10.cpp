#include "datasets/cifar10.hpp"

#include <filesystem>

#include "datasets/files.hpp"
#include "framework/core/error.hpp"

namespace fanin {
namespace {

const std::string how_to_get =
    "CIFAR-10's binary version from www.cs.toronto.edu/~kriz/cifar.html, unpacked there";

void append_batch(Dataset& data, const std::string& path) {
  const auto content = read_data_file(path, "a CIFAR-10 batch", how_to_get);
  const auto record = static_cast<std::size_t>(1 + data.image_size());
  if (content.empty() || content.size() % record != 0)
    fail("{}: {} bytes, expected a positive multiple of {}{}", path, content.size(), record,
         advice(how_to_get));
  for (std::size_t at = 0; at < content.size(); at += record) {
    const std::uint8_t* bytes = content.data() + at;
    if (bytes[0] > 9)
      fail("{}: label {} at position {} is out of range, expected 0..9{}", path, bytes[0], at / record,
           advice(how_to_get));
    data.labels.push_back(bytes[0]);
    data.images.insert(data.images.end(), bytes + 1, bytes + record);
    ++data.count;
  }
}

}  // namespace

Dataset load_cifar10_folder(const std::string& folder, Split split) {
  Dataset data{.name = "cifar10",
               .channels = 3,
               .height = 32,
               .width = 32,
               .classes = 10,
               .class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse",
                               "ship", "truck"}};
  const std::filesystem::path root = folder;
  if (split == Split::test) {
    append_batch(data, (root / "test_batch.bin").string());
  } else {
    for (const char* number : {"1", "2", "3", "4", "5"})
      append_batch(data, (root / (std::string("data_batch_") + number + ".bin")).string());
  }
  // The published training set's, per channel; the same for both halves.
  data.mean = {0.4914f, 0.4822f, 0.4465f};
  data.stddev = {0.2470f, 0.2435f, 0.2616f};
  return data;
}

Dataset load_cifar10(Split split) {
  return load_cifar10_folder(find_data_folder("cifar10", {find_data_folder("cifar-10-batches-bin")}), split);
}

}  // namespace fanin
