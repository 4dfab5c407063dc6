#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/random.hpp>
#include <fanin/init/variance_scaling.hpp>

namespace fanin::init {
namespace {

// The standard deviation of N(0, 1) truncated at ±2.
constexpr double truncated_deviation = 0.87962566103423978;

double xavier_deviation(const Shape&, const Fans& fans, const XavierOptions& options) {
  const auto sum = static_cast<double>(fans.in + fans.out);
  return sum > 0 ? options.gain * std::sqrt(2.0 / sum) : 0;
}

bool in_pytorchs_table(const std::string& nonlinearity) {
  const auto& table = gain_names();
  return std::find(table.begin(), table.end(), nonlinearity) != table.end();
}

// What follows the layer. PyTorch's names of layers stand for no activation.
Nonlinearity function_behind(const KaimingOptions& options) {
  const std::string& name = options.nonlinearity;
  if (name == "leaky_relu") return Nonlinearity::named(fmt::format("leaky_relu({})", number_text(options.a)));
  const auto& known = nonlinearity_names();
  return Nonlinearity::named(std::find(known.begin(), known.end(), name) != known.end() ? name : "linear");
}

// Of the direction that the mode keeps, where it is computed.
double kaiming_gain(const KaimingOptions& options) {
  if (options.gain == GainFrom::table && in_pytorchs_table(options.nonlinearity))
    return calculate_gain(options.nonlinearity, options.a);
  const bool backward = options.mode == Fan::out || options.mode == Fan::true_out;
  const Nonlinearity f = function_behind(options);
  if (options.gain == GainFrom::fixed_point) {
    const auto point = fixed_point_gain(f);
    if (!point)
      fail("{} has no gain at a fixed point: no scale gives its output second moment 1; take gain=unit",
           options.nonlinearity);
    return backward ? point->backward : point->sigma;
  }
  const Gain computed = gain(f);
  return backward ? computed.backward : computed.forward;
}

std::string kaiming_caution(const Shape&, const KaimingOptions& options) {
  const bool given = options.gain == GainFrom::table && in_pytorchs_table(options.nonlinearity);
  if (given || options.gain == GainFrom::fixed_point || options.mode != Fan::in) return "";
  const Nonlinearity f = function_behind(options);
  const double unit = gain(f).forward, slope = variance_slope(f, unit, 1);
  const auto point = fixed_point_gain(f);
  if (slope <= 1.001 || !point) return "";
  return fmt::format(
      "the gain {:.4f} of {} is for pre-activations of variance 1, from which a deviation grows by a factor of "
      "{:.3f} a layer, and an input of second moment 1 is one; gain=fixed_point takes {:.4f}, for such an input",
      unit, options.nonlinearity, slope, point->sigma);
}

void check_kaiming(const KaimingOptions& options) {
  if (options.gain != GainFrom::table) kaiming_gain(options);
}

std::vector<std::string> kaiming_nonlinearities() {
  std::vector<std::string> names = gain_names();
  for (const std::string& name : nonlinearity_names())
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

double kaiming_deviation(const Shape&, const Fans& fans, const KaimingOptions& options) {
  const double fan = pick(fans, options.mode);
  return fan > 0 ? kaiming_gain(options) / std::sqrt(fan) : 0;
}

double scaled_deviation(const Fans& fans, double scale, Fan mode) {
  return std::sqrt(scale / std::max(1.0, pick(fans, mode)));
}

void fill_scaled(Tensor& w, Generator& gen, double deviation, const std::string& distribution) {
  if (distribution == "uniform") {
    const double bound = std::sqrt(3.0) * deviation;
    gen.uniform(w.values(), -bound, bound);
  } else if (distribution == "normal") {
    gen.normal(w.values(), 0, deviation);
  } else {
    const double std = deviation / truncated_deviation;
    fill_trunc_normal(w, gen, 0, std, -2 * std, 2 * std);
  }
}

template <int scale, Fan mode, bool uniform>
SchemeInfo named_case(std::string name, std::string paper, std::string use, std::string fails) {
  const std::string fan = mode == Fan::average ? "((fan_in + fan_out) / 2)" : "fan_in";
  return {.name = std::move(name),
          .summary =
              uniform ? fmt::format("uniform with variance {} / {}", scale, fan)
                      : fmt::format("normal truncated at two deviations, with variance {} / {}", scale, fan),
          .formula = fmt::format("variance_scaling(scale={}, mode={}, distribution={})", scale,
                                 choices_of(mode).name_of(mode), uniform ? "uniform" : "truncated_normal"),
          .paper = std::move(paper),
          .use = std::move(use),
          .fails = std::move(fails),
          .least_rank = 2,
          .draw = Draw::uniforms,
          .fill =
              [](Tensor& w, const Site& site, Generator& gen) {
                fill_scaled(w, gen, scaled_deviation(site.fans, scale, mode),
                            uniform ? "uniform" : "truncated_normal");
              },
          .deviation = [](const Shape&, const Fans& fans) { return scaled_deviation(fans, scale, mode); }};
}

}  // namespace

Initializer xavier_uniform(const XavierOptions& options) { return Initializer("xavier_uniform", options); }
Initializer xavier_normal(const XavierOptions& options) { return Initializer("xavier_normal", options); }
Initializer kaiming_uniform(const KaimingOptions& options) { return Initializer("kaiming_uniform", options); }
Initializer kaiming_normal(const KaimingOptions& options) { return Initializer("kaiming_normal", options); }
Initializer variance_scaling(const VarianceScalingOptions& options) {
  return Initializer("variance_scaling", options);
}
Initializer lecun_uniform() { return Initializer("lecun_uniform"); }
Initializer lecun_normal() { return Initializer("lecun_normal"); }
Initializer glorot_uniform() { return Initializer("glorot_uniform"); }
Initializer glorot_normal() { return Initializer("glorot_normal"); }
Initializer he_uniform() { return Initializer("he_uniform"); }
Initializer he_normal() { return Initializer("he_normal"); }

std::vector<SchemeInfo> variance_scaling_family() {
  const std::string glorot =
      "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward networks";
  const std::string he = "He et al. 2015, Delving deep into rectifiers";
  const std::string lecun = "LeCun et al. 1998, Efficient BackProp; Klambauer et al. 2017 for SELU";
  const std::string glorot_use = "tanh, sigmoid and linear layers: a compromise between signal and gradient";
  const std::string glorot_fails = "halves the variance per ReLU layer: a 30-layer ReLU net stalls";
  const std::string he_use = "ReLU and its relatives";
  const std::string he_fails =
      "saturates tanh and sigmoid; residual branches without normalization add up and explode";
  const std::string lecun_use = "SELU nets, linear layers";
  const std::string lecun_fails = "halves the variance per ReLU layer";
  const std::vector<OptionSpec> gain = {
      {"gain", &XavierOptions::gain, "factor on the deviation", {.least = 0}}};
  const std::vector<OptionSpec> kaiming = {
      {"a", &KaimingOptions::a, "leaky_relu's negative slope"},
      {"mode", &KaimingOptions::mode, "keep the forward signal's variance or the gradient's"},
      {"nonlinearity",
       &KaimingOptions::nonlinearity,
       "what follows the layer; sets the gain",
       {.words = kaiming_nonlinearities()}},
      {"gain", &KaimingOptions::gain,
       "from PyTorch's table, and for what that lacks as unit; computed for pre-activations of variance 1; or for an "
       "input of second moment 1, which the layer and the activation keep (silu: 1.5588 for unit's 1.6765)"}};
  return {
      {.name = "xavier_uniform",
       .aliases = {"xavier"},
       .options = gain,
       .summary = "uniform with variance gain² · 2 / (fan_in + fan_out)",
       .formula = "w ~ U(-r, r), r = gain · √(6 / (fan_in + fan_out))",
       .paper = glorot,
       .use = glorot_use,
       .fails = glorot_fails,
       .least_rank = 2,
       .draw = Draw::uniforms,
       .fill = fill_uniform,
       .deviation = xavier_deviation},
      {.name = "xavier_normal",
       .options = gain,
       .summary = "normal with variance gain² · 2 / (fan_in + fan_out)",
       .formula = "w ~ N(0, gain² · 2 / (fan_in + fan_out))",
       .paper = glorot,
       .use = glorot_use,
       .fails = glorot_fails,
       .least_rank = 2,
       .draw = Draw::normals,
       .fill = fill_normal,
       .deviation = xavier_deviation},
      {.name = "kaiming_uniform",
       .options = kaiming,
       .summary = "uniform with variance gain² / fan",
       .formula = "w ~ U(-r, r), r = gain · √(3 / fan), gain = √(2 / (1 + a²)) for leaky_relu",
       .paper = he,
       .use = he_use + "; a=sqrt(5) is PyTorch's default for Linear and Conv, ±1/√fan_in",
       .fails = he_fails + "; with a=sqrt(5) the variance shrinks sixfold per ReLU layer",
       .least_rank = 2,
       .draw = Draw::uniforms,
       .fill = fill_uniform,
       .deviation = kaiming_deviation,
       .caution = kaiming_caution,
       .check = check_kaiming},
      {.name = "kaiming_normal",
       .aliases = {"kaiming"},
       .options = kaiming,
       .summary = "normal with variance gain² / fan",
       .formula = "w ~ N(0, gain² / fan), gain = √2 for relu",
       .paper = he,
       .use = he_use,
       .fails = he_fails,
       .least_rank = 2,
       .draw = Draw::normals,
       .fill = fill_normal,
       .deviation = kaiming_deviation,
       .caution = kaiming_caution,
       .check = check_kaiming},
      {.name = "variance_scaling",
       .options = {{"scale", &VarianceScalingOptions::scale, "variance times fan", {.least = 0}},
                   {"mode", &VarianceScalingOptions::mode, "which fan"},
                   {"distribution",
                    &VarianceScalingOptions::distribution,
                    "shape",
                    {.words = {"uniform", "normal", "truncated_normal"}}}},
       .summary = "the general form in Keras and JAX: variance scale / fan",
       .formula =
           "variance scale / max(1, fan); truncated_normal is cut at two deviations and widened by 1/0.8796",
       .paper = "Keras and JAX; contains Glorot's, He's and LeCun's",
       .use = "to start as a Keras or JAX model starts",
       .fails = "as the scheme it is set to",
       .least_rank = 2,
       .draw =
           [](const Shape&, const Site&, const VarianceScalingOptions& options) {
             return options.distribution == "normal" ? Draw::normals : Draw::uniforms;
           },
       .fill =
           [](Tensor& w, const Site& site, Generator& gen, const VarianceScalingOptions& options) {
             fill_scaled(w, gen, scaled_deviation(site.fans, options.scale, options.mode),
                         options.distribution);
           },
       .deviation =
           [](const Shape&, const Fans& fans, const VarianceScalingOptions& options) {
             return scaled_deviation(fans, options.scale, options.mode);
           }},
      named_case<1, Fan::in, true>("lecun_uniform", lecun, lecun_use, lecun_fails),
      named_case<1, Fan::in, false>("lecun_normal", lecun, lecun_use, lecun_fails),
      named_case<1, Fan::average, true>("glorot_uniform", glorot, glorot_use, glorot_fails),
      named_case<1, Fan::average, false>("glorot_normal", glorot, glorot_use, glorot_fails),
      named_case<2, Fan::in, true>("he_uniform", he, he_use, he_fails),
      named_case<2, Fan::in, false>("he_normal", he, he_use, he_fails),
  };
}

}  // namespace fanin::init
