#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/core/fail.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/random.hpp>
#include <fanin/kernels/random/erfinv.hpp>

namespace fanin::init {
namespace {

double normal_cdf(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }

/// Of the standard normal, beyond x.
double upper_tail(double x) { return std::erfc(x / std::numbers::sqrt2) / 2; }

/// Its inverse for a probability up to 1/2, by Newton's method on the logarithm, which is nearly a parabola.
double upper_quantile(double tail) {
  double x = std::sqrt(std::max(0.0, -2 * std::log(2 * tail)));
  for (int step = 0; step < 8; ++step) {
    const double at = upper_tail(x), density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    if (!(at > 0 && density > 0)) break;
    x += std::log(at / tail) * at / density;
  }
  return x;
}

void require_order(const char* scheme, double a, double b) {
  if (a > b) fail("scheme '{}': a = {} is above b = {}; it needs a ≤ b", scheme, a, b);
}

/// How far mean may be outside [a, b], in std, for PyTorch's way to draw what it should; it warns of one
/// further away.
constexpr double farthest = 2;

/// The part of N(mean, std²) within [a, b], where that is far from mean: by the tail beyond, which keeps the
/// digits that differences of probabilities near 1 lose. Beyond all numbers it is the end near mean.
void fill_far_tail(Tensor& w, Generator& gen, double mean, double std, double a, double b) {
  const bool above = mean < a;  // the interval is
  const double near = above ? a : b;
  const double most = upper_tail(std::abs(near - mean) / std),
               least = upper_tail(std::abs((above ? b : a) - mean) / std);
  gen.uniform(w.values(), 0, 1);
  for (real& x : w.values()) {
    const double tail = most - static_cast<double>(x) * (most - least);
    const double distance = tail > 0 ? std * upper_quantile(tail) : 0;
    x = static_cast<real>(tail > 0 ? std::clamp(above ? mean + distance : mean - distance, a, b) : near);
  }
}

}  // namespace

Initializer uniform(const UniformOptions& options) { return Initializer("uniform", options); }
Initializer normal(const NormalOptions& options) { return Initializer("normal", options); }
Initializer trunc_normal(const TruncNormalOptions& options) { return Initializer("trunc_normal", options); }
Initializer fan_uniform(const FanUniformOptions& options) { return Initializer("fan_uniform", options); }

void fill_normal(Tensor& w, const Site& site, Generator& gen, const Initializer& of) {
  gen.normal(w.values(), 0, of.deviation(w.shape(), site.fans).value());
}

void fill_uniform(Tensor& w, const Site& site, Generator& gen, const Initializer& of) {
  const double bound = std::sqrt(3.0) * of.deviation(w.shape(), site.fans).value();
  gen.uniform(w.values(), -bound, bound);
}

void fill_trunc_normal(Tensor& w, Generator& gen, double mean, double std, double a, double b) {
  if (!(a <= b)) fail("trunc_normal: a = {} is above b = {}; it needs a ≤ b", a, b);
  if (!(std >= 0)) fail("trunc_normal: std = {} must be ≥ 0", std);
  const auto scale = static_cast<float>(std * std::numbers::sqrt2);
  if (scale == 0) return w.fill(static_cast<real>(std::clamp(mean, a, b)));
  if (mean < a - farthest * std || mean > b + farthest * std) return fill_far_tail(w, gen, mean, std, a, b);
  const double low = normal_cdf((a - mean) / std), high = normal_cdf((b - mean) / std);
  gen.uniform(w.values(), 2 * low - 1, 2 * high - 1);
  const auto transform = [&](float* v) {
    kernels::truncated_normal_from_uniform(w.numel(), v, scale, static_cast<float>(mean),
                                           static_cast<float>(a), static_cast<float>(b));
  };
#ifdef FANIN_DOUBLE
  PoolVector<float> narrow(w.values().begin(), w.values().end());  // the uniforms are floats in either build
  transform(narrow.data());
  std::copy(narrow.begin(), narrow.end(), w.data());
#else
  transform(w.data());
#endif
}

std::vector<SchemeInfo> random_family() {
  return {
      {.name = "uniform",
       .options = {{"a", &UniformOptions::a, "lower end"}, {"b", &UniformOptions::b, "upper end"}},
       .summary = "evenly from [a, b)",
       .formula = "w ~ U(a, b), variance (b - a)² / 12",
       .paper = "-",
       .use = "comparisons, and layers whose scale you have worked out yourself",
       .fails = "knows nothing of the layer's width; the default [0, 1) is all positive, so signals grow "
                "with width",
       .draw = Draw::uniforms,
       .fill = [](Tensor& w, const Site&, Generator& gen,
                  const UniformOptions& options) { gen.uniform(w.values(), options.a, options.b); },
       .deviation = [](const Shape&, const Fans&,
                       const UniformOptions& options) { return (options.b - options.a) / std::sqrt(12.0); },
       .check = [](const UniformOptions& options) { require_order("uniform", options.a, options.b); }},
      {.name = "normal",
       .aliases = {"gaussian"},
       .options = {{"mean", &NormalOptions::mean, "mean"},
                   {"std", &NormalOptions::std, "standard deviation", {.least = 0}}},
       .summary = "normal with a given mean and standard deviation",
       .formula = "w ~ N(mean, std²)",
       .paper = "Krizhevsky et al. 2012 used std = 0.01",
       .use = "embeddings; comparisons",
       .fails = "one std suits one width: 0.01 vanishes in deep nets, 1 explodes (geometrically in depth)",
       .draw = Draw::normals,
       .fill = [](Tensor& w, const Site&, Generator& gen,
                  const NormalOptions& options) { gen.normal(w.values(), options.mean, options.std); },
       .deviation = [](const Shape&, const Fans&, const NormalOptions& options) { return options.std; }},
      {.name = "trunc_normal",
       .aliases = {"truncated_normal"},
       .options = {{"mean", &TruncNormalOptions::mean, "mean before truncation"},
                   {"std", &TruncNormalOptions::std, "standard deviation before truncation", {.least = 0}},
                   {"a", &TruncNormalOptions::a, "least value"},
                   {"b", &TruncNormalOptions::b, "greatest value"}},
       .summary = "normal without what falls outside [a, b]",
       .formula = "w = mean + std·√2·erfinv(u), u ~ U(2Φ((a-mean)/std)-1, 2Φ((b-mean)/std)-1)",
       .paper = "-",
       .use = "vision transformers (std = 0.02); wherever rare large weights hurt",
       .fails = "a and b are values, not multiples of std: with std = 0.02 the default ±2 truncates nothing",
       .draw = Draw::uniforms,
       .fill =
           [](Tensor& w, const Site&, Generator& gen, const TruncNormalOptions& options) {
             fill_trunc_normal(w, gen, options.mean, options.std, options.a, options.b);
           },
       .deviation =
           [](const Shape&, const Fans&, const TruncNormalOptions& options) {
             const double std = options.std, mean = options.mean;
             if (std == 0) return 0.0;
             const double low = (options.a - mean) / std, high = (options.b - mean) / std;
             const double kept =
                 low > 0 ? upper_tail(low) - upper_tail(high) : upper_tail(-high) - upper_tail(-low);
             if (!(kept > 1e-300)) return 0.0;
             const auto density = [](double x) {
               return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
             };
             const double tilt = (density(low) - density(high)) / kept;
             const auto edge = [&](double x) { return std::abs(x) > 1e3 ? 0 : x * density(x); };
             return std * std::sqrt(std::max(0.0, 1 + (edge(low) - edge(high)) / kept - tilt * tilt));
           },
       .caution = [](const Shape&, const TruncNormalOptions& options) -> std::string {
         const double mean = options.mean, a = options.a, b = options.b;
         if (mean >= a && mean <= b) return "";
         return fmt::format(
             "mean = {} of trunc_normal is outside [a, b] = [{}, {}]: the values crowd at {}, the end near it",
             mean, a, b, mean < a ? a : b);
       },
       .check =
           [](const TruncNormalOptions& options) { require_order("trunc_normal", options.a, options.b); }},
      {.name = "fan_uniform",
       .options = {{"mode", &FanUniformOptions::mode,
                    "fan_out for a transposed convolution's bias in PyTorch"}},
       .summary = "evenly from ±1/√fan: PyTorch's default bias",
       .formula = "w ~ U(-1/√fan, 1/√fan)",
       .paper = "LeCun et al. 1998, Efficient BackProp (as PyTorch kept it)",
       .use = "biases of Linear and Conv, to start as PyTorch starts",
       .fails = "as a weight it shrinks the variance threefold per layer (sixfold with ReLU)",
       .draw = Draw::uniforms,
       .fill =
           [](Tensor& w, const Site& site, Generator& gen, const FanUniformOptions& options) {
             const double fan = pick(site.fans, options.mode);
             const double bound = fan > 0 ? 1 / std::sqrt(fan) : 0;
             gen.uniform(w.values(), -bound, bound);
           },
       .deviation =
           [](const Shape&, const Fans& fans, const FanUniformOptions& options) {
             const double fan = pick(fans, options.mode);
             return fan > 0 ? 1 / std::sqrt(3 * fan) : 0;
           }},
  };
}

}  // namespace fanin::init
