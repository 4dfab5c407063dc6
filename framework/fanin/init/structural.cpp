#include <bit>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/structural.hpp>

namespace fanin::init {
namespace {

double inverse_root(Index n) { return n > 0 ? 1 / std::sqrt(static_cast<double>(n)) : 0; }

/// The element of the Sylvester-Hadamard matrix at (i, j).
double hadamard(Index i, Index j) {
  return std::popcount(static_cast<std::uint64_t>(i) & static_cast<std::uint64_t>(j)) % 2 == 0 ? 1 : -1;
}

void fill_zero_o(Tensor& w, const Site& site, Generator&, const ZerOOptions& options) {
  w.fill(0);
  if (site.last_in_branch()) return;
  const Index out = w.size(0), in = w.size(1);
  Index area = 1, centre = 0;
  for (int d = 2; d < w.rank(); ++d) {
    area *= w.size(d);
    centre = centre * w.size(d) + w.size(d) / 2;
  }
  const auto m = static_cast<double>(std::bit_width(static_cast<std::uint64_t>(out - 1)));  // ⌈log2(out)⌉
  const double c = std::exp2(-(options.scale == "paper" ? m - 1 : m) / 2);
  for (Index i = 0; i < out; ++i)
    for (Index j = 0; j < in; ++j) {
      const double value = out > in ? c * hadamard(i, j) : i == j ? 1 : 0;
      w.data()[(i * in + j) * area + centre] = static_cast<real>(value);
    }
}

void fill_siren(Tensor& w, const Site& site, Generator& gen, const SirenOptions& options) {
  const double root = inverse_root(site.fans.in);
  const double bound = w.rank() < 2   ? root
                       : site.first() ? root * root
                                      : std::sqrt(6.0) * root / options.omega;
  gen.uniform(w.values(), -bound, bound);
}

void fill_mup(Tensor& w, const Site& site, Generator& gen, const MupOptions& options) {
  double std = options.gain * inverse_root(site.fans.in);
  if (site.last() && !site.first()) std *= std::sqrt(options.base_width) * inverse_root(site.fans.in);
  gen.normal(w.values(), 0, std);
}

void fill_fixup(Tensor& w, const Site& site, Generator& gen, const FixupOptions& options) {
  if (site.branches == 0)
    fail_usage(
        "scheme 'fixup' finds no residual branch in this model: it is for nets such as "
        "resnet_small(batch_norm=false)");
  if (site.last() || site.last_in_branch()) return w.fill(0);
  parse(options.base.text).fill(w, site, gen);
  if (site.branch_layers < 2) return;
  const auto branches = static_cast<double>(site.branches), layers = static_cast<double>(site.branch_layers);
  const auto scale = static_cast<real>(std::pow(branches, -1 / (2 * layers - 2)));
  for (real& x : w.values()) x *= scale;
}

void fill_rezero(Tensor& w, const Site& site, Generator& gen, const ReZeroOptions& options) {
  if (site.scaled_branches == 0)
    fail_usage(
        "scheme 'rezero' finds no residual branch with a learnable scale in this model: it is for nets such "
        "as resnet_small(batch_norm=false, branch_scale=true)");
  if (site.role == Role::branch_weight) return w.fill(static_cast<real>(options.alpha));
  parse(options.base.text).fill(w, site, gen);
}

}  // namespace

Initializer zero_o(const ZerOOptions& options) { return Initializer("zero_o", options); }
Initializer siren(const SirenOptions& options) { return Initializer("siren", options); }
Initializer mup(const MupOptions& options) { return Initializer("mup", options); }
Initializer fixup(const FixupOptions& options) { return Initializer("fixup", options); }
Initializer rezero(const ReZeroOptions& options) { return Initializer("rezero", options); }

std::vector<SchemeInfo> structural_family() {
  return {
      {.name = "zero_o",
       .aliases = {"hadamard"},
       .options = {{"scale",
                    &ZerOOptions::scale,
                    "paper: c = 2^(-(m-1)/2); code: the authors' program, c = 2^(-m/2), orthonormal columns",
                    {.words = {"paper", "code"}}}},
       .summary =
           "ZerO: zeros and ones alone, nothing drawn: identities, Hadamard matrices where a layer widens",
       .formula = "out ≤ in: w[i, i] = 1, else 0; out > in: w[i, j] = c (-1)^popcount(i & j), m = ⌈log2 "
                  "out⌉; kernels at their centre; a residual branch's last layer 0",
       .paper =
           "Zhao et al. 2021, ZerO initialization: initializing neural networks with only zeros and ones",
       .use = "residual nets with normalisation; starts that are the same for every seed",
       .fails = "plain ReLU nets: equal units of a wide layer's tail stay equal until a Hadamard layer tells "
                "them apart",
       .least_rank = 2,
       .draw = Draw::nothing,
       .fill = fill_zero_o},
      {.name = "siren",
       .options = {{"omega", &SirenOptions::omega, "ω of the activation sin(ω x)", {.least = 1e-6}}},
       .summary =
           "for nets whose activation is sin(ω x): activation=sine, or sine(omega=…) with the same omega",
       .formula = "first layer U(±1/fan_in), others U(±√(6/fan_in)/ω), biases U(±1/√fan_in)",
       .paper = "Sitzmann et al. 2020, Implicit neural representations with periodic activation functions",
       .use = "coordinate networks: images, shapes and fields as functions",
       .fails =
           "any other activation: the weights are ω times too small, the signal dies within a few layers",
       .least_rank = 1,
       .extra_roles = {Role::bias},
       .draw = Draw::uniforms,
       .fill = fill_siren},
      {.name = "mup",
       .options = {{"base_width",
                    &MupOptions::base_width,
                    "width at which it equals the standard parametrization",
                    {.least = 1, .whole = true}},
                   {"gain", &MupOptions::gain, "√2 for ReLU, 1 for tanh", {.least = 0}}},
       .summary = "the maximal update parametrization's initial variances: the last layer's shrinks with "
                  "width squared",
       .formula = "w ~ N(0, gain²/fan_in); the last layer N(0, gain² base_width / fan_in²)",
       .paper =
           "Yang & Hu 2021, Feature learning in infinite-width neural networks; Yang et al. 2022, table 3",
       .use = "one learning rate for several widths: tune it at base_width, then widen",
       .fails = "alone it is half of muP: learning rates scale with width as well; fanin train and compare "
                "do that, a loop of your own asks optim::by_width",
       .least_rank = 2,
       .draw = Draw::normals,
       .fill = fill_mup},
      {.name = "fixup",
       .options = {base_option(&FixupOptions::base)},
       .summary =
           "residual nets without normalisation: branches start at zero, their weights scaled down by depth",
       .formula = "in a branch: base · L^(-1/(2m-2)), L branches of m layers; each branch's last layer and "
                  "the model's: 0",
       .paper = "Zhang et al. 2019, Fixup initialization: residual learning without normalization",
       .use = "deep residual nets without BatchNorm; add branch_scale=true for the paper's multipliers",
       .fails = "nets without residual branches (refused); with BatchNorm the scaling is undone",
       .least_rank = 2,
       .needs_model = true,
       .fill = fill_fixup},
      {.name = "rezero",
       .aliases = {"skipinit"},
       .options = {{"alpha", &ReZeroOptions::alpha, "the branch scale's first value"},
                   base_option(&ReZeroOptions::base)},
       .summary =
           "ReZero, SkipInit: every residual branch starts multiplied by zero, so each block is the identity",
       .formula = "y = x + α F(x), α = 0 at the start and learnt; F drawn by base",
       .paper = "Bachlechner et al. 2020, ReZero is all you need; De & Smith 2020, BatchNorm biases residual "
                "blocks towards the identity",
       .use = "very deep residual nets without normalisation",
       .fails =
           "nets whose branches have no learnable scale (refused); in the first step only the scales learn",
       .least_rank = 1,
       .extra_roles = {Role::branch_weight},
       .needs_model = true,
       .fill = fill_rezero},
  };
}

}  // namespace fanin::init
