#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/classic.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/random.hpp>

namespace fanin::init {
namespace {

double msra_deviation(const Shape&, const Fans& fans, const MsraOptions& options) {
  const double n = pick(fans, options.mode);
  return n > 0 ? std::sqrt(2 / n) : 0;
}

double textbook_deviation(const Shape&, const Fans& fans, const TextbookOptions& options) {
  return fans.in > 0 ? std::sqrt(options.c / static_cast<double>(fans.in)) : 0;
}

void fill_bilinear(Tensor& w, const Site&, Generator&) {
  const Index side = w.size(3);
  if (w.size(2) != side)
    fail("scheme 'bilinear' cannot fill a tensor of shape {}: it needs a square kernel",
         w.shape().to_string());
  const auto factor = static_cast<double>((side + 1) / 2);
  const double centre = (2 * factor - 1 - static_cast<double>(static_cast<Index>(factor) % 2)) / (2 * factor);
  const auto tent = [&](Index x) { return 1 - std::abs(static_cast<double>(x) / factor - centre); };
  for (Index i = 0; i < w.numel(); ++i)
    w.data()[i] = static_cast<real>(tent(i % side) * tent(i / side % side));
}

// β = 0.7 · units^(1/inputs), the length of each unit's weight vector.
double nguyen_widrow_length(Index units, Index inputs) {
  return 0.7 * std::pow(static_cast<double>(units), 1 / static_cast<double>(std::max<Index>(1, inputs)));
}

void fill_nguyen_widrow(Tensor& w, const Site& site, Generator& gen) {
  if (w.rank() < 2) {
    const double length = nguyen_widrow_length(w.numel(), site.fans.in);
    return gen.uniform(w.values(), -length, length);
  }
  gen.uniform(w.values(), -1, 1);
  const Index units = w.size(0), inputs = w.numel() / units;
  const double length = nguyen_widrow_length(units, inputs);
  for (Index unit = 0; unit < units; ++unit) {
    real* row = w.data() + unit * inputs;
    double squares = 0;
    for (Index i = 0; i < inputs; ++i) squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    const double scale = squares > 0 ? length / std::sqrt(squares) : 0;
    for (Index i = 0; i < inputs; ++i) row[i] = static_cast<real>(static_cast<double>(row[i]) * scale);
  }
}

void fill_positive_unitball(Tensor& w, const Site&, Generator& gen) {
  gen.uniform(w.values(), 0, 1);
  const Index units = w.size(0), inputs = w.numel() / units;
  for (Index unit = 0; unit < units; ++unit) {
    real* row = w.data() + unit * inputs;
    double sum = 0;
    for (Index i = 0; i < inputs; ++i) sum += static_cast<double>(row[i]);
    for (Index i = 0; i < inputs && sum > 0; ++i)
      row[i] = static_cast<real>(static_cast<double>(row[i]) / sum);
  }
}

/// ŵ = b / (k n), b the width of the range in which a logistic function rises from ε to 1 - ε.
double oivs_scale(Index inputs, const OivsOptions& options) {
  const double width = 2 * std::log((1 - options.epsilon) / options.epsilon);
  return width / (options.k * static_cast<double>(std::max<Index>(1, inputs)));
}

}  // namespace

Initializer positive_unitball() { return Initializer("positive_unitball"); }
Initializer oivs(const OivsOptions& options) { return Initializer("oivs", options); }
Initializer msra(const MsraOptions& options) { return Initializer("msra", options); }
Initializer bilinear() { return Initializer("bilinear"); }
Initializer nguyen_widrow() { return Initializer("nguyen_widrow"); }
Initializer textbook(const TextbookOptions& options) { return Initializer("textbook", options); }

std::vector<SchemeInfo> classic_family() {
  return {
      {.name = "msra",
       .options = {{"mode", &MsraOptions::mode, "Caffe's variance_norm"}},
       .summary = "Caffe's MSRA filler: normal with variance 2 / fan",
       .formula = "w ~ N(0, 2 / fan)",
       .paper = "He et al. 2015, Delving deep into rectifiers; Caffe's filler.hpp",
       .use = "to start as a Caffe model starts; ReLU nets",
       .fails = "saturates tanh and sigmoid",
       .least_rank = 2,
       .draw = Draw::normals,
       .fill = fill_normal,
       .deviation = msra_deviation},
      {.name = "bilinear",
       .summary = "Caffe's filler for upsampling: a transposed convolution that interpolates",
       .formula = "w[y, x] = (1 - |x/f - c|)(1 - |y/f - c|), f = ⌈k/2⌉, c = (2f - 1 - f mod 2) / 2f",
       .paper = "Long et al. 2015, Fully convolutional networks; Caffe's filler.hpp",
       .use = "a transposed convolution with groups = channels, kernel 2f - f mod 2, stride f",
       .fails = "without groups all channels mix into each other, all alike",
       .least_rank = 4,
       .most_rank = 4,
       .draw = Draw::nothing,
       .fill = fill_bilinear},
      {.name = "nguyen_widrow",
       .summary = "weight vectors of one length, so that the units' active regions cover the input evenly",
       .formula = "each row of length β = 0.7 · units^(1/inputs), biases ~ U(-β, β)",
       .paper = "Nguyen & Widrow 1990, Improving the learning speed of 2-layer neural networks",
       .use = "one hidden layer of tanh units on a few inputs scaled to [-1, 1]: small regression nets",
       .fails = "deep nets and many inputs: β tends to 0.7 whatever the width",
       .least_rank = 1,
       .extra_roles = {Role::bias},
       .draw = Draw::uniforms,
       .fill = fill_nguyen_widrow,
       .deviation =
           [](const Shape& shape, const Fans& fans) {
             if (shape.rank() < 2) return nguyen_widrow_length(shape.numel(), fans.in) / std::sqrt(3.0);
             const Index inputs = std::max<Index>(1, shape.numel() / std::max<Index>(1, shape[0]));
             return nguyen_widrow_length(shape[0], inputs) / std::sqrt(static_cast<double>(inputs));
           }},
      {.name = "positive_unitball",
       .summary =
           "Caffe's filler: each unit's weights are positive and sum to 1, so that it averages its inputs",
       .formula = "u ~ U(0, 1), w = u / Σu over a unit's inputs",
       .paper = "Caffe's filler.hpp",
       .use = "to start as a Caffe model starts; layers that average or pool",
       .fails = "all units compute nearly the same average, so deep nets hardly learn",
       .least_rank = 2,
       .draw = Draw::uniforms,
       .fill = fill_positive_unitball},
      {.name = "oivs",
       .options = {{"epsilon",
                    &OivsOptions::epsilon,
                    "units work where their output is in [ε, 1 - ε]",
                    {.least = 1e-6, .most = 0.5, .below_most = true}},
                   {"k", &OivsOptions::k, "how many times that range the inputs may span", {.least = 1e-6}},
                   {"gamma", &OivsOptions::gamma, "how far the weights scatter", {.least = 0, .most = 1}}},
       .summary = "optimal initial value setting: positive weights that keep logistic units off saturation",
       .formula = "w = ŵ √(1 + a), a ~ U(-γ, γ), ŵ = 2 ln((1 - ε) / ε) / (k · fan_in)",
       .paper =
           "Shimodaira 1994, A weight value initialization method for improving learning performance; mlpack",
       .use = "one hidden layer of logistic units on inputs in [0, 1]",
       .fails = "all weights are positive: units are alike, and any net but a shallow one starts as one unit",
       .least_rank = 2,
       .draw = Draw::uniforms,
       .fill =
           [](Tensor& w, const Site& site, Generator& gen, const OivsOptions& options) {
             const double scale = oivs_scale(site.fans.in, options);
             gen.uniform(w.values(), -options.gamma, options.gamma);
             for (real& x : w.values())
               x = static_cast<real>(scale * std::sqrt(std::max(0.0, 1 + static_cast<double>(x))));
           },
       .deviation =
           [](const Shape&, const Fans& fans, const OivsOptions& options) {
             const double g = options.gamma, scale = oivs_scale(fans.in, options);
             if (g < 1e-3) return scale * g / std::sqrt(12.0);  // where the difference below would cancel
             const double mean = (std::pow(1 + g, 1.5) - std::pow(1 - g, 1.5)) / (3 * g);
             return scale * std::sqrt(std::max(0.0, 1 - mean * mean));
           }},
      {.name = "textbook",
       .options = {{"c", &TextbookOptions::c, "1 for tanh, 2 for ReLU", {.least = 0}}},
       .summary = "the courses' randn · √(c / n), n inputs a unit",
       .formula = "w ~ N(0, c / fan_in): √(1/n) with c=1, √(2/n) with c=2",
       .paper = "LeCun et al. 1998 (c = 1); He et al. 2015 (c = 2)",
       .use = "to follow a course or a book",
       .fails = "c = 1 halves the variance per ReLU layer, c = 2 saturates tanh",
       .least_rank = 2,
       .draw = Draw::normals,
       .fill = fill_normal,
       .deviation = textbook_deviation},
  };
}

}  // namespace fanin::init
