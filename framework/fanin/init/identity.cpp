#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/identity.hpp>

namespace fanin::init {
namespace {

// w[g·per + d, d, centre…] = value, the centre at kernel/2 as in PyTorch; a matrix has no kernel.
// A transposed convolution, whose rows are its inputs, is passed through by the same.
void fill_delta(Tensor& w, const char* scheme, Index groups, real value) {
  const Index out = w.size(0), in = w.size(1), area = w.numel() / (out * in), per_group = out / groups;
  if (out % groups != 0)
    fail("scheme '{}' cannot fill a tensor of shape {}: {} outputs are not divisible by groups = {}", scheme,
         w.shape().to_string(), out, groups);
  Index centre = 0;
  for (int i = 2; i < w.rank(); ++i) centre = centre * w.size(i) + w.size(i) / 2;
  w.fill(0);
  for (Index group = 0; group < groups; ++group)
    for (Index d = 0; d < std::min(per_group, in); ++d)
      w.data()[((group * per_group + d) * in + d) * area + centre] = value;
}

// Those given, or the layer's.
Index groups_of(const Tensor& w, const Site& site, Index given) {
  return given > 0 ? given : groups_of(w.shape(), site.fans);
}

template <class Struct>
OptionSpec groups_option(Index Struct::*member) {
  return {"groups", member, "of a convolution; 0: its layer's", {.least = 0, .most = 1048576}};
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
       .fill = [](Tensor& w, const Site&, Generator&) { fill_delta(w, "eye", 1, 1); }},
      {.name = "dirac",
       .options = {groups_option(&DiracOptions::groups)},
       .summary = "a convolution that passes its input through",
       .formula = "w[g·out/groups + d, d, kernel/2] = 1, the rest 0",
       .paper = "Zagoruyko & Komodakis 2017, DiracNets",
       .use = residual,
       .fails = fails,
       .least_rank = 3,
       .most_rank = 5,
       .draw = Draw::nothing,
       .fill =
           [](Tensor& w, const Site& site, Generator&, const DiracOptions& options) {
             fill_delta(w, "dirac", groups_of(w, site, options.groups), 1);
           }},
      {.name = "identity",
       .options = {{"gain", &IdentityOptions::gain, "the value on the diagonal"},
                   groups_option(&IdentityOptions::groups)},
       .summary = "gain times eye for a matrix, gain times dirac for a convolution",
       .formula = "w[i, i, centre] = gain, within each group of a convolution, the rest 0",
       .paper = "Keras' Identity; Le et al. 2015",
       .use = residual,
       .fails = fails,
       .least_rank = 2,
       .most_rank = 5,
       .draw = Draw::nothing,
       .fill =
           [](Tensor& w, const Site& site, Generator&, const IdentityOptions& options) {
             fill_delta(w, "identity", groups_of(w, site, options.groups), static_cast<real>(options.gain));
           }},
  };
}

}  // namespace fanin::init
