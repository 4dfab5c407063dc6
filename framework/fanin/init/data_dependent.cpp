#include <fanin/init/base.hpp>
#include <fanin/init/data_dependent.hpp>
#include <fanin/init/families.hpp>

namespace fanin::init {
namespace {

/// The draw before the fit; biases start at zero.
void fill_base(Tensor& w, const Site& site, Generator& gen, const Initializer& options) {
  if (w.rank() < 2) return w.fill(0);
  base_of(options).fill(w, site, gen);
}

}  // namespace

Initializer lsuv(const LsuvOptions& options) {
  return Initializer("lsuv", {options.target, options.tolerance, options.steps, options.base});
}

Initializer krahenbuhl(const KrahenbuhlOptions& options) {
  return Initializer("krahenbuhl", {options.target, options.between ? "true" : "false", options.base});
}

std::vector<SchemeInfo> data_family() {
  return {
      {.name = "lsuv",
       .options =
           {{.name = "target", .standard = 1.0, .meaning = "variance of each layer's output", .least = 1e-12},
            {.name = "tolerance", .standard = 0.01, .meaning = "how near is near enough", .least = 0},
            {.name = "steps",
             .standard = 10.0,
             .meaning = "corrections a layer, at most",
             .least = 1,
             .most = 1000,
             .whole = true},
            base_option("orthogonal")},
       .summary = "layer-sequential unit variance: each layer in turn scaled until its output has variance 1 "
                  "on a batch",
       .formula = "w ~ base; for each layer in the order they run: w ← w √(target / Var(output)) until "
                  "|Var(output) - target| ≤ tolerance",
       .paper = "Mishkin & Matas 2015, All you need is a good init (tolerance 0.1 there)",
       .use = "deep nets of any activation, without working out a gain; nets without normalisation",
       .fails = "a batch unlike the data, or a layer that is dead on it: it is left as drawn; a spread that "
                "differs much between channels stays",
       .least_rank = 2,
       .needs_data = true,
       .draw_at = draw_of_base,
       .fill_at = fill_base,
       .check = check_base},
      {.name = "krahenbuhl",
       .options = {{.name = "target",
                    .standard = 1.0,
                    .meaning = "standard deviation of each channel's output",
                    .least = 1e-6},
                   {.name = "between",
                    .standard = "true",
                    .meaning = "then scale neighbouring layers so that all change equally fast (algorithm 2)",
                    .words = {"true", "false"}},
                   base_option("normal")},
       .summary = "data-dependent: every channel's output gets mean 0 and deviation 1 on a batch; all layers "
                  "learn equally fast",
       .formula = "w ~ base, b = 0; for each layer in the order they run, for each channel: w ← w target/σ, "
                  "b ← (b - μ) target/σ (algorithm 1); then w_k ← w_k √(C_k / C), C_k = ‖∂ηᵀz/∂w_k‖ / ‖w_k‖ "
                  "with η ~ N(0, 1), C their geometric mean, biases by the product so far: the function "
                  "stays (algorithm 2, its fixed point)",
       .paper = "Krähenbühl et al. 2015, Data-dependent initializations of convolutional neural networks",
       .use = "nets without normalisation whose inputs are not centred; it starts as BatchNorm would",
       .fails = "last layers of few units on a small batch; a channel that is constant on the batch is left "
                "as drawn; algorithm 2 leaves layers alone that scaling would tell apart: behind tanh, a "
                "normalisation, a shortcut",
       .least_rank = 1,
       .fills_bias = true,
       .needs_data = true,
       .draw_at = draw_of_base,
       .fill_at = fill_base,
       .check = check_base},
      {.name = "metainit",
       .options = {{.name = "steps",
                    .standard = 10.0,
                    .meaning = "steps of descent on the weights' norms",
                    .least = 1,
                    .most = 1000,
                    .whole = true},
                   {.name = "lr",
                    .standard = 0.1,
                    .meaning = "how far a step moves the logarithm of a norm",
                    .least = 1e-6,
                    .most = 1},
                   base_option("kaiming_normal")},
       .summary = "learns the size of each weight so that a gradient step changes the gradient least",
       .formula =
           "w ~ base; log‖w‖ ← log‖w‖ - lr sign(∂GQ/∂log‖w‖) for each weight, the best of all steps kept; "
           "GQ = mean |(g - H g)/(g + ε) - 1|",
       .paper = "Dauphin & Schoenholz 2019, MetaInit: initializing learning by learning to initialize; here "
                "H g and GQ's gradient are finite differences, in place of a second backward pass",
       .use = "nets for which no gain is known; each step costs 2 passes for every weight and 2 more",
       .fails = "large models (cost); small batches and saturated nets, where the gradient is mostly noise",
       .least_rank = 2,
       .needs_data = true,
       .draw_at = draw_of_base,
       .fill_at = fill_base,
       .check = check_base},
  };
}

}  // namespace fanin::init
