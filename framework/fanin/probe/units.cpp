#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <fanin/kernels/pointwise/activation_facts.hpp>
#include <fanin/linalg/spectrum.hpp>
#include <fanin/linalg/svd.hpp>
#include <fanin/probe/units.hpp>

namespace fanin::probe {
namespace {

struct Extent {
  Index batch, units, area;
  explicit Extent(const Tensor& output)
      : batch(output.size(0)),
        units(output.size(1)),
        area(output.numel() / std::max<Index>(1, batch * units)) {}
};

/// A number for each unit that differs when the units' values do: a dot product with fixed, irregular
/// weights.
std::vector<double> fingerprints(const Tensor& x) {
  const Extent e(x);
  std::vector<double> marks(static_cast<std::size_t>(e.units));
  for (Index unit = 0; unit < e.units; ++unit) {
    double dot = 0, squares = 0, weights = 0;
    for (Index n = 0; n < e.batch; ++n) {
      const real* at = x.data() + (n * e.units + unit) * e.area;
      for (Index i = 0; i < e.area; ++i) {
        const double golden = 0.6180339887498949 * static_cast<double>(n * e.area + i + 1);
        const double weight = golden - std::floor(golden) + 0.25;
        const auto v = static_cast<double>(at[i]);
        dot += weight * v;
        squares += v * v;
        weights += weight * weight;
      }
    }
    const double mark = squares > 0 ? dot / std::sqrt(weights) : 0;
    marks[static_cast<std::size_t>(unit)] = std::isnan(mark) ? INFINITY : mark;  // alike to nothing
  }
  return marks;
}

bool alike(double a, double b) { return std::abs(a - b) <= 1e-5 * std::max(std::abs(a), std::abs(b)); }

}  // namespace

double dead_share(const Tensor& output) {
  const Extent e(output);
  Index dead = 0;
  for (Index unit = 0; unit < e.units; ++unit) {
    real low = output.data()[unit * e.area], high = low;
    for (Index n = 0; n < e.batch; ++n) {
      const real* at = output.data() + (n * e.units + unit) * e.area;
      const auto [least, most] = std::minmax_element(at, at + e.area);
      low = std::min(low, *least);
      high = std::max(high, *most);
    }
    dead += !(high - low > real(1e-6) * std::max(std::abs(low), std::abs(high)));
  }
  return static_cast<double>(dead) / static_cast<double>(e.units);
}

double saturated_share(const Tensor& output, kernels::Activation activation) {
  const auto& of = kernels::facts(activation.kind);
  if (std::isnan(of.low)) return 0;
  Index count = 0;
  for (const real value : output.values()) {
    const double y = 2 * (static_cast<double>(value) - of.low) / (of.high - of.low) - 1;
    count += std::abs(y) > 0.97;
  }
  return static_cast<double>(count) / static_cast<double>(output.numel());
}

double signal_std(const Tensor& output) {
  const Index batch = output.size(0), features = output.numel() / batch;
  std::vector<double> mean(static_cast<std::size_t>(features), 0);
  double squares = 0;
  const auto each = [&](auto&& visit) {
    const real* at = output.data();
    for (Index n = 0; n < batch; ++n) {
      for (double& m : mean) visit(m, static_cast<double>(*at++));
    }
  };
  each([](double& m, double v) { m += v; });
  for (double& m : mean) m /= static_cast<double>(batch);
  each([&](double& m, double v) { squares += (v - m) * (v - m); });
  return std::sqrt(squares / static_cast<double>(output.numel()));
}

double twin_share(const Tensor& output, const Tensor& gradient) {
  const auto outputs = fingerprints(output), gradients = fingerprints(gradient);
  std::vector<std::size_t> order(outputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return outputs[a] != outputs[b] ? outputs[a] < outputs[b] : a < b;
  });
  std::vector<char> twin(order.size(), 0);
  constexpr std::size_t reach = 512;  // units of equal output that are compared with each other
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i + 1;
         j < std::min(order.size(), i + reach) && alike(outputs[order[i]], outputs[order[j]]); ++j) {
      if (alike(gradients[order[i]], gradients[order[j]])) twin[i] = twin[j] = 1;
    }
  }
  return static_cast<double>(std::count(twin.begin(), twin.end(), 1)) / static_cast<double>(twin.size());
}

double mean_correlation(const Tensor& output, Index samples) {
  const Index batch = std::min(samples, output.size(0)), features = output.numel() / output.size(0);
  std::vector<double> sum(static_cast<std::size_t>(features), 0);  // of the samples' unit vectors
  double count = 0;
  for (Index n = 0; n < batch; ++n) {
    const real* at = output.data() + n * features;
    double squares = 0;
    for (Index i = 0; i < features; ++i) squares += static_cast<double>(at[i]) * static_cast<double>(at[i]);
    if (squares == 0) continue;
    ++count;
    for (Index i = 0; i < features; ++i)
      sum[static_cast<std::size_t>(i)] += static_cast<double>(at[i]) / std::sqrt(squares);
  }
  if (count < 2) return 1;
  double squares = 0;  // |Σ x|² = n + Σ over pairs of their cosines
  for (const double v : sum) squares += v * v;
  return (squares - count) / (count * (count - 1));
}

double effective_rank(const Tensor& output, Index samples) {
  const Index batch = std::min(samples, output.size(0)), features = output.numel() / output.size(0);
  const auto n = static_cast<std::size_t>(batch), width = static_cast<std::size_t>(features);
  auto rows = linalg::Matrix::zeros(n, width);
  for (std::size_t i = 0; i < n * width; ++i) rows.values[i] = static_cast<double>(output.data()[i]);
  std::vector<double> mean(width, 0);
  double before = 0, after = 0;
  for (std::size_t s = 0; s < n; ++s) {
    for (std::size_t i = 0; i < width; ++i) mean[i] += rows(s, i) / static_cast<double>(n);
  }
  for (std::size_t s = 0; s < n; ++s) {
    for (std::size_t i = 0; i < width; ++i) {
      double& v = rows(s, i);
      before += v * v;
      v -= mean[i];
      after += v * v;
    }
  }
  if (!std::isfinite(after) || !(after > 1e-12 * before)) return 0;  // below the rounding of single precision
  auto variances = linalg::singular_values(std::move(rows));
  for (double& value : variances) value *= value;
  return linalg::effective_rank(variances);
}

}  // namespace fanin::probe
