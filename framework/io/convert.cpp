#include "framework/io/convert.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/core/error.hpp"
#include "framework/init/plan.hpp"
#include "framework/io/tensor_file.hpp"
#include "framework/io/tensor_stats.hpp"

namespace fanin {
namespace {

/// What a tensor's elements will be in the new file.
DType written_as(const StoredTensor& tensor, FileFormat format, std::optional<DType> dtype) {
  const DType wanted = dtype && is_float(tensor.dtype) ? *dtype : tensor.dtype;
  return wanted == DType::bf16 && format != FileFormat::safetensors ? DType::f32 : wanted;
}

/// Counts what the new dtype cannot hold, before anything is written.
void measure_cast(const StoredTensor& tensor, DType to, Conversion& done) {
  ++done.cast;
  constexpr Index chunk = 512;
  std::array<double, chunk> before;
  std::array<float, chunk> narrow, after;
  std::array<std::byte, chunk * sizeof(float)> bytes;
  Index overflowed = 0;
  const Index count = tensor.numel();
  for (Index first = 0; first < count; first += chunk) {
    const Index n = std::min(chunk, count - first);
    const auto length = static_cast<std::size_t>(n);
    read_doubles(tensor, first, n, before.data());
    tensor.read(first, n, narrow.data());
    floats_to(to, narrow.data(), length, bytes.data());
    floats_from(to, bytes.data(), length, after.data());
    for (std::size_t i = 0; i < length; ++i) {
      const double x = before[i], y = static_cast<double>(after[i]);
      if (!std::isfinite(x) || x == y) continue;
      overflowed += !std::isfinite(y);
      ++done.rounded;
      if (y == 0)
        ++done.underflowed;
      else
        done.largest_rounding = std::max(done.largest_rounding, std::abs(y - x) / std::abs(x));
    }
  }
  if (overflowed > 0) {
    const double most = std::max(std::abs(tensor_stats(tensor).min), std::abs(tensor_stats(tensor).max));
    fail(
        "tensor '{}': {} of {} elements are too large for {}, which ends at {}: the largest is {:.6g}; choose {}",
        tensor.name, overflowed, count, name_of(to), to == DType::f16 ? "65504" : "3.4e38", most,
        to == DType::f16 ? "BF16 or F32" : "no dtype");
  }
}

/// As the last rule that matches has it; what has no rows and columns, such as a bias, stays as it is under a
/// pattern for many.
StoredTensor in_order(const StoredTensor& tensor, const std::string& name,
                      const std::vector<AdaptRule>& rules) {
  const auto rule = std::find_if(rules.rbegin(), rules.rend(),
                                 [&](const AdaptRule& one) { return init::glob(one.pattern, name); });
  if (rule == rules.rend() || (tensor.sizes.size() < 2 && rule->pattern != name)) return tensor;
  return reordered(*rule, tensor);
}

}  // namespace

FileFormat format_for(const std::string& path) {
  for (const auto& [ending, format] : {std::pair{".safetensors", FileFormat::safetensors},
                                       {".npz", FileFormat::npz},
                                       {".npy", FileFormat::npy}}) {
    if (path.ends_with(ending)) return format;
  }
  const bool torch = path.ends_with(".pt") || path.ends_with(".pth") || path.ends_with(".bin");
  fail_usage("'{}': the file's name must end in .safetensors, .npz or .npy{}", path,
             torch ? "; PyTorch's own files are only read, and PyTorch reads safetensors" : "");
}

Conversion convert(const TensorFile& file, const std::string& path, const ConvertOptions& options) {
  const FileFormat format = format_for(path);
  if (options.dtype && *options.dtype != DType::f32 && *options.dtype != DType::f16 &&
      *options.dtype != DType::bf16) {
    fail_usage("the dtype must be F32, F16 or BF16, got {}", name_of(*options.dtype));
  }
  const auto names = renamed(file, options.renaming);
  for (const auto& rule : options.adapt) {
    if (!reorders(rule.rule)) {
      fail_usage(
          "'{}' adapts a tensor to a model's shape, which a conversion does not know: only transpose and transpose_depthwise",
          name_of(rule.rule));
    }
    if (std::none_of(names.begin(), names.end(),
                     [&](const auto& name) { return init::glob(rule.pattern, name); }))
      fail_usage("{}: no tensor matches '{}', which was to be adapted{}", file.path, rule.pattern,
                 suggest(rule.pattern, names));
  }
  for (const auto& glob : options.only) {
    if (std::none_of(names.begin(), names.end(), [&](const auto& name) { return init::glob(glob, name); })) {
      fail_usage("{}: no tensor matches '{}'{}", file.path, glob, suggest(glob, names));
    }
  }
  TensorFile out{.format = format, .path = path, .tensors = {}, .metadata = file.metadata};
  Conversion done;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool kept =
        options.only.empty() || std::any_of(options.only.begin(), options.only.end(),
                                            [&](const auto& glob) { return init::glob(glob, names[i]); });
    if (!kept) continue;
    const StoredTensor tensor = in_order(file.tensors[i], names[i], options.adapt);
    const DType to = written_as(tensor, format, options.dtype);
    if (to != tensor.dtype) measure_cast(tensor, to, done);
    ++done.tensors;
    done.elements += tensor.numel();
    out.tensors.push_back(tensor);
    out.tensors.back().name = names[i];
  }
  if (format == FileFormat::npy && out.tensors.size() != 1) {
    fail_usage("'{}': an npy file holds one array, this would be {}: choose one with --only, or write .npz",
               path, out.tensors.size());
  }
  if (format != FileFormat::safetensors) {
    for (const auto& [key, value] : file.metadata) done.lost_metadata.push_back(key);
  }
  write_tensor_file(path, out, format, options.dtype);
  return done;
}

}  // namespace fanin
