#include "examples/fanin/compare_start.hpp"

#include <fmt/core.h>
#include <libdeflate.h>

#include <fanin/core/console.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/mapped_file.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/weight_selection.hpp>
#include <fanin/train/warm_start.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

std::string checksum(const io::MappedFile& file) {
  return io::read_mapped(file, [&] {
    return fmt::format(" {:08x}", libdeflate_crc32(0, file.bytes().data(), file.bytes().size()));
  });
}

/// The checksums of a weight file and of all that its tensors lie in.
std::string checksum(const std::string& path) {
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

void SchemeNotes::tell(const std::string& scheme, const std::vector<std::string>& notes) {
  for (const auto& one : notes) tell_once(scheme + ": " + one);
}

void SchemeNotes::tell_once(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!told_.insert(line).second) return;
  if (somebody_) return somebody_(line);
  note("note: {}\n", printable(line));
}

void SchemeNotes::send_to(std::function<void(const std::string& line)> somebody) {
  somebody_ = std::move(somebody);
}

std::string draw(nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                 const data::Dataset& training, SchemeNotes& notes) {
  if (const auto* warm = scheme.start.warm()) {
    warm->start(model, seed);
    return scheme.start.text();
  }
  Generator generator(seed);
  const data::Batch batch = initial_batch(training);
  std::string plan;
  const auto drawn = start::initialize(model, *scheme.start.plan(), generator, batch.images, batch.labels);
  notes.tell(scheme.label, start::notes_of(drawn));
  for (const auto& one : drawn) {
    plan += (plan.empty() ? "" : "; ") + one.name + "=" + one.scheme;
  }
  return plan;
}

std::vector<std::string> files_of(const compare::Scheme& scheme) {
  if (const auto* warm = scheme.start.warm()) return {warm->file};
  std::vector<std::string> files;
  for (const auto& rule : scheme.start.plan()->rules()) {
    const auto* selection = rule.init ? rule.init->options_if<start::WeightSelectionOptions>() : nullptr;
    if (selection && !selection->file.empty()) files.push_back(selection->file);
  }
  return files;
}

std::string content_of(const compare::Scheme& scheme) {
  std::string content;
  for (const auto& file : files_of(scheme)) content += checksum(file);
  return content;
}

void require_startable(const compare::Grid& grid) {
  for (const auto& text : grid.models) {
    const auto model = grid.build(text);
    for (const auto& scheme : grid.schemes) {
      if (const auto* warm = scheme.start.warm()) {
        const auto trial = grid.build(text);
        warm->start(*trial, 0);
        const train::FineTuning check(*trial, warm->tuning(*trial));
      } else {
        start::require_initializable(*model, *scheme.start.plan(), true);
      }
    }
  }
}

}  // namespace fanin::program
