#include <algorithm>
#include <array>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/init/unmatched.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/tensor_stats.hpp>
#include <fanin/start/convert.hpp>

namespace fanin::start {
namespace {

/// What a tensor's elements will be in the new file.
io::DType written_as(const io::StoredTensor& tensor, io::FileFormat format, std::optional<io::DType> dtype) {
  const io::DType wanted = dtype && is_float(tensor.dtype) ? *dtype : tensor.dtype;
  const bool numpy = format == io::FileFormat::npz || format == io::FileFormat::npy;
  return wanted == io::DType::bf16 && numpy ? io::DType::f32 : wanted;
}

/// Counts what the new dtype cannot hold, before anything is written.
void measure_cast(const io::StoredTensor& tensor, io::DType to, Conversion& done) {
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
    io::read_doubles(tensor, first, n, before.data());
    tensor.read(first, n, narrow.data());
    io::floats_to(to, narrow.data(), length, bytes.data());
    io::floats_from(to, bytes.data(), length, after.data());
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
    const double most =
        std::max(std::abs(io::tensor_stats(tensor).min), std::abs(io::tensor_stats(tensor).max));
    fail(
        "tensor '{}': {} of {} elements are too large for {}, which ends at {}: the largest is {:.6g}; choose {}",
        tensor.name, overflowed, count, name_of(to), to == io::DType::f16 ? "65504" : "3.4e38", most,
        to == io::DType::f16 ? "BF16 or F32" : "no dtype");
  }
}

/// As the last rule that matches has it; what has no rows and columns, such as a bias, stays as it is under a
/// pattern for many.
io::StoredTensor in_order(const io::StoredTensor& tensor, const std::string& name,
                          const std::vector<AdaptRule>& rules) {
  const auto rule = std::find_if(rules.rbegin(), rules.rend(),
                                 [&](const AdaptRule& one) { return init::covers(one.pattern, name); });
  if (rule == rules.rend() || (tensor.sizes.size() < 2 && rule->pattern != name)) return tensor;
  return reordered(*rule, tensor);
}

}  // namespace

Conversion convert(const io::TensorFile& file, const std::string& path, const ConvertOptions& options) {
  const io::FileFormat format = format_for(path);
  if (options.dtype && *options.dtype != io::DType::f32 && *options.dtype != io::DType::f16 &&
      *options.dtype != io::DType::bf16) {
    fail_usage("the dtype must be F32, F16 or BF16, got {}", name_of(*options.dtype));
  }
  const auto names = renamed(file, options.renaming);
  for (const auto& rule : options.adapt) {
    if (!reorders(rule.rule)) {
      fail_usage(
          "'{}' adapts a tensor to a model's shape, which a conversion does not know: only transpose and transpose_depthwise",
          name_of(rule.rule));
    }
    if (const auto idle = init::unmatched(rule.pattern, names))
      fail_usage("{}: no tensor matches '{}', which was to be adapted{}", file.path, *idle,
                 suggest(*idle, names));
  }
  for (const auto& glob : options.only) {
    if (const auto idle = init::unmatched(glob, names))
      fail_usage("{}: no tensor matches '{}'{}", file.path, *idle, suggest(*idle, names));
  }
  io::TensorFile out{.format = format, .path = path, .tensors = {}, .metadata = file.metadata};
  Conversion done;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool kept =
        options.only.empty() || std::any_of(options.only.begin(), options.only.end(),
                                            [&](const auto& glob) { return init::covers(glob, names[i]); });
    if (!kept) continue;
    const io::StoredTensor tensor = in_order(file.tensors[i], names[i], options.adapt);
    const io::DType to = written_as(tensor, format, options.dtype);
    if (to != tensor.dtype) measure_cast(tensor, to, done);
    ++done.tensors;
    done.elements += tensor.numel();
    out.tensors.push_back(tensor);
    out.tensors.back().name = names[i];
  }
  if (format == io::FileFormat::npy && out.tensors.size() != 1) {
    fail_usage("'{}': an npy file holds one array, this would be {}: choose one with --only, or write .npz",
               path, out.tensors.size());
  }
  if (format != io::FileFormat::safetensors) {
    for (const auto& [key, value] : file.metadata) done.lost_metadata.push_back(key);
  }
  io::write_tensor_file(path, out, format, options.dtype);
  return done;
}

}  // namespace fanin::start
