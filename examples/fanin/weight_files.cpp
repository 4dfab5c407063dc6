#include "examples/fanin/weight_files.hpp"

#include <fmt/core.h>
#include <libdeflate.h>

#include <set>

#include <fanin/io/mapped_file.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/weight_selection.hpp>

namespace fanin::program {
namespace {

std::string checksum(const io::MappedFile& file) {
  return io::read_mapped(file, [&] {
    return fmt::format(" {:08x}", libdeflate_crc32(0, file.bytes().data(), file.bytes().size()));
  });
}

/// The checksums of a weight file and of all that its tensors lie in.
std::string file_checksum(const std::string& path) {
  std::string sums = checksum(*io::MappedFile::open(path));
  const io::TensorFile file = io::read_tensor_file(path);
  std::set<const io::MappedFile*> seen;
  for (const io::StoredTensor& tensor : file.tensors) {
    if (tensor.map && seen.insert(tensor.map).second) sums += checksum(*tensor.map);
    if (tensor.map) continue;  // else inflated, perhaps from a shard
    std::uint32_t sum = 0;
    tensor.read_pieces(tensor.dtype, [&](const std::byte* bytes, std::size_t size) {
      sum = libdeflate_crc32(sum, bytes, size);
    });
    sums += fmt::format(" {:08x}", sum);
  }
  return sums;
}

}  // namespace

std::vector<std::string> files_of(const init::Plan& plan) {
  std::vector<std::string> files;
  for (const auto& rule : plan.rules()) {
    const auto* selection = rule.init ? rule.init->options_if<start::WeightSelectionOptions>() : nullptr;
    if (selection && !selection->file.empty()) files.push_back(selection->file);
  }
  return files;
}

std::string checksums(const std::vector<std::string>& files) {
  std::string all;
  for (const auto& file : files) all += file_checksum(file);
  return all;
}

}  // namespace fanin::program
