#include "datasets/cifar10.hpp"

#include <array>
#include <filesystem>
#include <fstream>

#include <fanin/core/fail.hpp>

#include "datasets/files.hpp"

namespace fanin::datasets {
namespace {

const std::string how_to_get =
    "CIFAR-10's binary version from www.cs.toronto.edu/~kriz/cifar.html, unpacked there";

constexpr std::size_t record = 1 + 3 * 32 * 32;

/// The records in a batch's file.
std::size_t record_count(const std::string& path) {
  const auto size = data_file_size(path, "a CIFAR-10 batch", how_to_get);
  if (size == 0 || size % record != 0)
    fail("{}: {} bytes, expected a positive multiple of {}{}", path, size, record, advice(how_to_get));
  return size / record;
}

void append_batch(data::Dataset& data, const std::string& path) {
  const std::size_t count = record_count(path);
  std::ifstream file(path, std::ios::binary);
  std::array<std::uint8_t, record> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (!file.read(reinterpret_cast<char*>(bytes.data()), record))
      fail("{}: cannot be read to its end{}", path, advice(how_to_get));
    if (bytes[0] > 9)
      fail("{}: label {} at position {} is out of range, expected 0..9{}", path, bytes[0], i,
           advice(how_to_get));
    data.labels.push_back(bytes[0]);
    data.images.insert(data.images.end(), bytes.begin() + 1, bytes.end());
    ++data.count;
  }
}

}  // namespace

data::Dataset load_cifar10_folder(const std::string& folder, Split split) {
  data::Dataset data{.name = "cifar10",
                     .channels = 3,
                     .height = 32,
                     .width = 32,
                     .classes = 10,
                     .class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse",
                                     "ship", "truck"}};
  const std::filesystem::path root = folder;
  std::vector<std::string> batches;
  if (split == Split::test) batches.push_back((root / "test_batch.bin").string());
  for (int number = 1; split == Split::train && number <= 5; ++number)
    batches.push_back((root / fmt::format("data_batch_{}.bin", number)).string());
  std::size_t records = 0;
  for (const auto& batch : batches) records += record_count(batch);
  if (records * record > max_data_bytes)
    fail("{}: {} images are more than {} bytes{}", folder, records, max_data_bytes, advice(how_to_get));
  data.images.reserve(records * (record - 1));
  for (const auto& batch : batches) append_batch(data, batch);
  // The published training set's, per channel; the same for both halves.
  data.mean = {0.4914f, 0.4822f, 0.4465f};
  data.stddev = {0.2470f, 0.2435f, 0.2616f};
  return data;
}

data::Dataset load_cifar10(Split split) {
  return load_cifar10_folder(find_data_folder("cifar10", {find_data_folder("cifar-10-batches-bin")}), split);
}

}  // namespace fanin::datasets
