#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/orthogonal.hpp>

namespace fanin::init {
namespace {

Critical critical_of(const EdgeOfChaosOptions& options) {
  const Nonlinearity f = Nonlinearity::named(options.activation);
  return options.q == 0 ? stable_edge_of_chaos(f) : edge_of_chaos_at(f, options.q);
}

std::string caution_of(const Shape&, const EdgeOfChaosOptions& options) {
  const Critical critical = critical_of(options);
  if (critical.stable()) return "";
  return fmt::format(
      "a variance of q = {} is an unstable fixed point behind {}: a deviation grows by a factor of {:.4g} a layer; "
      "edge_of_chaos without q takes a stable one",
      critical.q, options.activation, critical.variance_slope);
}

}  // namespace

Initializer edge_of_chaos(const EdgeOfChaosOptions& options) { return Initializer("edge_of_chaos", options); }

std::vector<SchemeInfo> mean_field_family() {
  return {
      {.name = "edge_of_chaos",
       .options =
           {{"activation", &EdgeOfChaosOptions::activation,
             "what follows the layer: a name or a call such as leaky_relu(0.2)"},
            {"q",
             &EdgeOfChaosOptions::q,
             "the variance at which the signal travels; 0 takes one where it is stable: 0.01, which keeps a "
             "saturating function near linear, or for gelu and its like a larger one",
             {.least = 0, .most = 1e6}},
            {"weights",
             &EdgeOfChaosOptions::weights,
             "how they are drawn",
             {.words = {"normal", "orthogonal", "delta_orthogonal"}}}},
       .summary = "weights and biases between order and chaos, where signals and gradients travel deepest",
       .formula = "σw² = 1 / E[f'(√q z)²], σb² = q - σw² E[f(√q z)²]; w ~ N(0, σw²/fan_in) or orthogonal · "
                  "σw, b ~ N(0, σb²)",
       .paper = "Poole et al. 2016; Schoenholz et al. 2017, Deep information propagation; Xiao et al. 2018",
       .use = "very deep plain nets without normalization; with delta_orthogonal weights, plain tanh CNNs",
       .fails =
           "activations without such a point (an error says why: softplus); a given q whose fixed point is "
           "unstable, V'(q) > 1, as gelu's up to q = 3 and silu's up to 15: what is a little off leaves it, and "
           "plan and train say so; residual and normalized nets need no such care",
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
       .caution = caution_of,
       .check = [](const EdgeOfChaosOptions& options) { critical_of(options); }},
  };
}

}  // namespace fanin::init
