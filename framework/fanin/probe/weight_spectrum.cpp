#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/core/fail.hpp>
#include <fanin/io/tensor_stats.hpp>
#include <fanin/linalg/convolution.hpp>
#include <fanin/linalg/spectrum.hpp>
#include <fanin/linalg/svd.hpp>
#include <fanin/probe/weight_spectrum.hpp>

namespace fanin::probe {
namespace {

constexpr Index most_elements = Index{1}
                                << 26;  // 512 MiB as doubles, and as much again while they are decomposed

/// Takes `work` out of what is left; why not, where there is not as much.
std::string spend(double work, double& left) {
  if (work > left) return fmt::format("it takes {:.1e} multiplications, {:.1e} are left", work, left);
  left -= work;
  return {};
}

std::vector<double> tail_sample(const WeightSpectrum& weight) {
  const auto& values = weight.matrix->values;
  const double rounding = std::numeric_limits<double>::epsilon() *
                          static_cast<double>(std::max(weight.rows, weight.columns)) * weight.matrix->norm;
  std::vector<double> squares;
  for (const double value : values)
    if (value > rounding) squares.push_back(value * value);
  return squares;
}

void add_tail(WeightSpectrum& weight) {
  try {
    weight.tail = statistics::power_law_tail(tail_sample(weight));
  } catch (const Error& error) {
    weight.no_tail = error.what();
  }
}

/// The least multiple of `unit` that is no smaller than `least`.
Index rounded_up(Index least, Index unit) { return (least + unit - 1) / unit * unit; }

void add_operator(WeightSpectrum& weight, const io::StoredTensor& tensor, const std::vector<double>& elements,
                  const SpectrumOptions& options, double& work_left) {
  if (options.use) weight.use = options.use(tensor.name);
  const ConvolutionUse use = weight.use.value_or(ConvolutionUse{});
  const auto count = [](Index n) { return static_cast<std::size_t>(n); };
  const linalg::Convolution kernels{.out = count(tensor.sizes[0]),
                                    .in = count(tensor.sizes[1]),
                                    .height = count(tensor.sizes[2]),
                                    .width = count(tensor.sizes[3]),
                                    .groups = count(use.groups),
                                    .stride_h = count(use.stride.h),
                                    .stride_w = count(use.stride.w),
                                    .dilation_h = count(use.dilation.h),
                                    .dilation_w = count(use.dilation.w),
                                    .values = elements};
  const auto side = [](Index wanted, Index taps, Index dilation, Index stride) {
    return rounded_up(std::max(wanted, dilation * (taps - 1) + 1), stride);
  };
  weight.height = side(options.height, tensor.sizes[2], use.dilation.h, use.stride.h);
  weight.width = side(options.width, tensor.sizes[3], use.dilation.w, use.stride.w);
  weight.no_operator =
      spend(linalg::convolution_work(kernels, count(weight.height), count(weight.width)), work_left);
  if (!weight.no_operator.empty()) return;
  weight.as_operator =
      spectrum_of(linalg::convolution_singular_values(kernels, count(weight.height), count(weight.width)));
}

WeightSpectrum spectrum_of_tensor(const io::StoredTensor& tensor, const SpectrumOptions& options,
                                  double& work_left) {
  WeightSpectrum weight{.name = tensor.name, .shape = tensor.shape_text()};
  const Index count = tensor.numel();
  if (count == 0) {
    weight.left_out = "it has no elements";
    return weight;
  }
  weight.rows = tensor.sizes[0];
  weight.columns = count / weight.rows;
  if (count > most_elements) {
    weight.left_out =
        fmt::format("it has {} elements; more than {} are not held in memory", count, most_elements);
    return weight;
  }
  const double rows = static_cast<double>(weight.rows), columns = static_cast<double>(weight.columns);
  weight.left_out = spend(rows * columns * std::min(rows, columns), work_left);
  if (!weight.left_out.empty()) return weight;
  std::vector<double> elements(static_cast<std::size_t>(count));
  io::read_doubles(tensor, 0, count, elements.data());
  const auto bad =
      std::count_if(elements.begin(), elements.end(), [](double v) { return !std::isfinite(v); });
  if (bad > 0) {
    weight.left_out = fmt::format("{} of {} elements are not finite", bad, count);
    return weight;
  }
  const bool convolution = tensor.sizes.size() == 4;
  weight.matrix = spectrum_of(linalg::singular_values(
      linalg::Matrix{static_cast<std::size_t>(weight.rows), static_cast<std::size_t>(weight.columns),
                     convolution ? elements : std::move(elements)}));
  add_tail(weight);
  if (convolution) add_operator(weight, tensor, elements, options, work_left);
  return weight;
}

}  // namespace

Spectrum spectrum_of(std::vector<double> values) {
  Spectrum spectrum{.values = std::move(values)};
  if (spectrum.values.empty()) return spectrum;
  spectrum.norm = spectrum.values.front();
  if (spectrum.norm == 0) {
    spectrum.condition = std::numeric_limits<double>::infinity();
    return spectrum;
  }
  for (const double value : spectrum.values) {
    const double share = value / spectrum.norm;
    spectrum.stable_rank += share * share;
  }
  spectrum.effective_rank = linalg::effective_rank(spectrum.values);
  spectrum.condition = spectrum.norm / spectrum.values.back();
  return spectrum;
}

WeightSpectra weight_spectra(const io::TensorFile& file, const SpectrumOptions& options) {
  WeightSpectra all;
  double work_left = options.most_work;
  for (const auto& tensor : file.tensors) {
    if (tensor.sizes.size() < 2 || !io::is_float(tensor.dtype)) {
      ++all.others;
      continue;
    }
    all.weights.push_back(spectrum_of_tensor(tensor, options, work_left));
    tensor.drop_pages();
  }
  return all;
}

}  // namespace fanin::probe
