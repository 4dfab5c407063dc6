#include <fmt/format.h>
#include <libdeflate.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include <fanin/core/named_values.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/version.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/simd/isa.hpp>
#include <fanin/train/provenance.hpp>
#include <fanin/train/setting_json.hpp>

namespace fanin::train {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

constexpr auto instruction_sets = named_values<kernels::Isa>(
    "instruction set",
    {{kernels::Isa::baseline, "baseline"}, {kernels::Isa::avx2, "avx2"}, {kernels::Isa::avx512, "avx512"}});

}  // namespace

std::string instruction_set() {
  const std::string own = instruction_sets.name_of(kernels::isa());
  return kernels::products() == kernels::Products::own ? own : own + ", products by OpenBLAS";
}

std::string checksum(const data::Dataset& data) {
  std::uint32_t crc = libdeflate_crc32(0, data.images.data(), data.images.size());
  crc = libdeflate_crc32(crc, data.labels.data(), data.labels.size() * sizeof data.labels[0]);
  return fmt::format("{:08x}", crc);
}

DataSum sum_of(const data::Dataset& data, const std::string& part) {
  return {.name = data.name, .part = part, .count = data.count, .checksum = checksum(data)};
}

std::vector<DataSum> sums_of(const data::Sets& sets) {
  std::vector<DataSum> sums = {sum_of(sets.training, "training")};
  if (sets.has_validation()) sums.push_back(sum_of(sets.validation, "validation"));
  sums.push_back(sum_of(sets.test, "test"));
  return sums;
}

std::string sum_text(const DataSum& sum) {
  const std::string images = sum.count > 0 ? fmt::format("{} images, ", sum.count) : "";
  return fmt::format("{}CRC-32 {}", images, sum.checksum);
}

Provenance provenance_here(std::vector<std::string> command, std::vector<std::string> reproduce, int jobs,
                           std::vector<DataSum> data) {
  return {.version = version,
          .command = std::move(command),
          .reproduce = std::move(reproduce),
          .cpu = cpu_model(),
          .isa = instruction_set(),
          .jobs = jobs,
          .data = std::move(data)};
}

std::map<std::string, std::string> metadata_of(const Provenance& made, const SettingTexts& settings) {
  std::map<std::string, std::string> metadata = {{"reproduce", shell_line(made.reproduce)},
                                                 {"settings", io::json_text(settings_json(settings))},
                                                 {"cpu", printable(made.cpu)},
                                                 {"isa", made.isa}};
  for (const DataSum& sum : made.data) metadata["checksum_" + sum.part] = sum_text(sum);
  return metadata;
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (word.find('\n') == std::string::npos) {
      line += shell_word(word);
      continue;
    }
    line += '\'';  // a list over several lines, which stays one
    for (const char c : printable_lines(word)) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace fanin::train
