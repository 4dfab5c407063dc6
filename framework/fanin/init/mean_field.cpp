#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/core/error.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/orthogonal.hpp>
#include <fanin/init/quadrature.hpp>

namespace fanin::init {
namespace {

constexpr double unbounded = 1e12;

double second_moment(const std::function<double(double)>& f, double q) {
  const double scale = std::sqrt(q);
  return gaussian_mean([&](double z) {
    const double value = f(scale * z);
    return value * value;
  });
}

Critical critical_of(const EdgeOfChaosOptions& options) {
  return edge_of_chaos_at(Nonlinearity::named(options.activation), options.q);
}

}  // namespace

double next_variance(const Nonlinearity& f, double sigma_w, double sigma_b, double q) {
  return sigma_w * sigma_w * second_moment(f.f, q) + sigma_b * sigma_b;
}

double gradient_factor(const Nonlinearity& f, double sigma_w, double q) {
  return sigma_w * sigma_w * second_moment(f.slope, q);
}

MeanField mean_field(const Nonlinearity& f, double sigma_w, double sigma_b) {
  if (!(sigma_w >= 0 && sigma_b >= 0 && sigma_w <= 1e6 && sigma_b <= 1e6))
    fail("mean field: sigma_w = {} and sigma_b = {} must be in [0, 1e6]", sigma_w, sigma_b);
  MeanField result;
  double q = 1;
  result.settles = false;
  for (int layer = 0; layer < 2000 && !result.settles && q < unbounded; ++layer) {
    const double q1 = next_variance(f, sigma_w, sigma_b, q), q2 = next_variance(f, sigma_w, sigma_b, q1);
    result.settles = std::abs(q1 - q) <= 1e-13 * std::max(q, 1e-3);
    // Aitken's extrapolation where it stays sensible: a fixed point with slope near 1 is reached too slowly
    // otherwise.
    const double curvature = q2 - 2 * q1 + q,
                 jump = curvature != 0 ? q - (q1 - q) * (q1 - q) / curvature : q2;
    q = layer > 20 && jump >= 0 && std::abs(jump - q2) < 0.5 * q2 ? jump : q2;
  }
  if (q >= unbounded) {
    result.q = std::numeric_limits<double>::infinity();
    result.settles = false;
    q = unbounded;
  } else {
    result.q = q;
  }
  result.chi = gradient_factor(f, sigma_w, q);
  const double rate = std::abs(std::log(result.chi));
  result.depth_scale = rate > 1e-12 ? 1 / rate : std::numeric_limits<double>::infinity();
  return result;
}

Critical edge_of_chaos_at(const Nonlinearity& f, double q) {
  if (!(q > 0 && q <= 1e6)) fail("edge of chaos: q = {} must be in (0, 1e6]", q);
  const double slope = second_moment(f.slope, q);
  if (!(slope > 1e-24))
    fail("edge of chaos: the activation's derivative is zero for signals of variance {}", q);
  const double square_w = 1 / slope, square_b = q - square_w * second_moment(f.f, q);
  if (square_b < -1e-9 * q)
    fail(
        "edge of chaos: this activation has none with a signal of variance q = {}; it would take a negative "
        "σb² = {}",
        q, square_b);
  return {.sigma_w = std::sqrt(square_w), .sigma_b = square_b > 1e-12 * q ? std::sqrt(square_b) : 0};
}

Initializer edge_of_chaos(const EdgeOfChaosOptions& options) { return Initializer("edge_of_chaos", options); }

std::vector<SchemeInfo> mean_field_family() {
  return {
      {.name = "edge_of_chaos",
       .options = {{"activation", &EdgeOfChaosOptions::activation,
                    "what follows the layer: a name or a call such as leaky_relu(0.2)"},
                   {"q",
                    &EdgeOfChaosOptions::q,
                    "the variance at which the signal travels; small keeps a saturating function near linear",
                    {.least = 1e-6, .most = 1e6}},
                   {"weights",
                    &EdgeOfChaosOptions::weights,
                    "how they are drawn",
                    {.words = {"normal", "orthogonal", "delta_orthogonal"}}}},
       .summary = "weights and biases between order and chaos, where signals and gradients travel deepest",
       .formula = "σw² = 1 / E[f'(√q z)²], σb² = q - σw² E[f(√q z)²]; w ~ N(0, σw²/fan_in) or orthogonal · "
                  "σw, b ~ N(0, σb²)",
       .paper = "Poole et al. 2016; Schoenholz et al. 2017, Deep information propagation; Xiao et al. 2018",
       .use = "very deep plain nets without normalization; with delta_orthogonal weights, plain tanh CNNs",
       .fails = "activations without such a point at the given q (an error says so); residual and normalized "
                "nets need no such care",
       .least_rank = 1,
       .extra_roles = {Role::bias},
       .draw =
           [](const Shape& shape, const Site&, const EdgeOfChaosOptions& options) {
             return shape.rank() > 2 && options.weights == "delta_orthogonal" ? Draw::other : Draw::normals;
           },
       .fill =
           [](Tensor& w, const Site& site, Generator& gen, const EdgeOfChaosOptions& options) {
             const Fans& fans = site.fans;
             const Critical critical = critical_of(options);
             const std::string& weights = options.weights;
             if (w.rank() == 1)
               gen.normal(w.values(), 0, critical.sigma_b);
             else if (weights == "normal")
               gen.normal(w.values(), 0,
                          fans.in > 0 ? critical.sigma_w / std::sqrt(static_cast<double>(fans.in)) : 0);
             else if (weights == "orthogonal" || w.rank() == 2)
               orthogonal({.gain = critical.sigma_w}).fill(w, fans, gen);
             else
               delta_orthogonal({.gain = critical.sigma_w}).fill(w, fans, gen);
           },
       .deviation =
           [](const Shape& shape, const Fans& fans, const EdgeOfChaosOptions& options) {
             const Critical critical = critical_of(options);
             if (shape.rank() == 1) return critical.sigma_b;
             if (options.weights != "normal")
               return orthogonal({.gain = critical.sigma_w}).deviation(shape, fans).value_or(0);
             return fans.in > 0 ? critical.sigma_w / std::sqrt(static_cast<double>(fans.in)) : 0;
           },
       .check = [](const EdgeOfChaosOptions& options) { critical_of(options); }},
  };
}

}  // namespace fanin::init
