#include <algorithm>

#include <fanin/core/error.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/identity.hpp>

namespace fanin::init {
namespace {

// w[g·per + d, d, centre…] = value, the centre at kernel/2 as in PyTorch; a matrix has no kernel.
void fill_delta(Tensor& w, Index groups, real value) {
  const Index out = w.size(0), in = w.size(1), area = w.numel() / (out * in), per_group = out / groups;
  Index centre = 0;
  for (int i = 2; i < w.rank(); ++i) centre = centre * w.size(i) + w.size(i) / 2;
  w.fill(0);
  for (Index group = 0; group < groups; ++group)
    for (Index d = 0; d < std::min(per_group, in); ++d)
      w.data()[((group * per_group + d) * in + d) * area + centre] = value;
}

}  // namespace

Initializer eye() { return Initializer("eye"); }
Initializer dirac(const DiracOptions& options) { return Initializer("dirac", options); }
Initializer identity(const IdentityOptions& options) { return Initializer("identity", options); }

std::vector<SchemeInfo> identity_family() {
  const std::string residual =
      "the layer starts by passing its input on: deep stacks, transition layers, residual nets";
  const std::string fails =
      "units beyond the inputs start at zero; equal inputs stay equal until data breaks the tie";
  return {
      {.name = "eye",
       .summary = "ones on the diagonal of a matrix",
       .formula = "w[i, j] = 1 if i = j else 0",
       .paper = "Le et al. 2015, A simple way to initialize recurrent networks of rectified linear units",
       .use = residual,
       .fails = fails,
       .least_rank = 2,
       .most_rank = 2,
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Site&, Generator&) { fill_delta(w, 1, 1); }},
      {.name = "dirac",
       .options = {{"groups", &DiracOptions::groups, "of the convolution", {.least = 1, .most = 1048576}}},
       .summary = "a convolution that passes its input through",
       .formula = "w[g·out/groups + d, d, kernel/2] = 1, the rest 0",
       .paper = "Zagoruyko & Komodakis 2017, DiracNets",
       .use = residual,
       .fails = fails,
       .least_rank = 3,
       .most_rank = 5,
       .draw = Draw::nothing,
       .fill =
           [](Tensor& w, const Site&, Generator&, const DiracOptions& options) {
             if (w.size(0) % options.groups != 0)
               fail(
                   "scheme 'dirac' cannot fill a tensor of shape {}: {} outputs are not divisible by groups "
                   "= {}",
                   w.shape().to_string(), w.size(0), options.groups);
             fill_delta(w, options.groups, 1);
           }},
      {.name = "identity",
       .options = {{"gain", &IdentityOptions::gain, "the value on the diagonal"}},
       .summary = "gain times eye for a matrix, gain times dirac for a convolution",
       .formula = "w[i, i, centre] = gain, the rest 0",
       .paper = "Keras' Identity; Le et al. 2015",
       .use = residual,
       .fails = fails,
       .least_rank = 2,
       .most_rank = 5,
       .draw = Draw::nothing,
       .fill = [](Tensor& w, const Site&, Generator&,
                  const IdentityOptions& options) { fill_delta(w, 1, static_cast<real>(options.gain)); }},
  };
}

}  // namespace fanin::init
