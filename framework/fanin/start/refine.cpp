#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
namespace {

/// Thrown by the observer to end a forward pass at the layer that was waited for.
struct Reached {};

}  // namespace

std::vector<std::string> refine(nn::Module& model, std::span<const Fit> fits, const Samples& samples) {
  const KeepState keep(model);
  // Where a weight starts does not depend on whether it will train.
  for (const Fit& fit : fits) fit.parameter->value.set_requires_grad(true);
  const auto run = in_run_order(model, fits, samples.images);
  std::vector<std::string> left(fits.size());
  std::vector<bool> done(fits.size());
  for (std::size_t first = 0; first < fits.size(); ++first) {
    if (done[first]) continue;
    const init::SchemeInfo& scheme = fits[first].scheme.scheme();
    std::vector<Fit> own;
    std::vector<std::size_t> index;
    for (std::size_t i = first; i < fits.size(); ++i) {
      if (&fits[i].scheme.scheme() != &scheme) continue;
      done[i] = true;
      if (std::find(run.begin(), run.end(), fits[i].owner) == run.end()) {
        left[i] = "a forward pass does not run its layer";
      } else {
        own.push_back(fits[i]);
        index.push_back(i);
      }
    }
    if (own.empty()) continue;
    auto why = scheme.fit({model, own, samples});
    if (why.size() != own.size())
      fail("scheme '{}' was to fit {} parameters and speaks of {}", scheme.name, own.size(), why.size());
    for (std::size_t k = 0; k < own.size(); ++k) left[index[k]] = std::move(why[k]);
  }
  return left;
}

void fill_by_base(Tensor& w, const init::Site& site, Generator& gen, const init::Initializer& of) {
  if (w.rank() < 2) return w.fill(0);
  of.base()->fill(w, site, gen);
}

void scale(std::span<real> values, double factor) {
  for (real& x : values) x = static_cast<real>(static_cast<double>(x) * factor);
}

bool varies(double mean, double std) { return std > 1e-6 * std::abs(mean); }

std::vector<nn::Module*> in_run_order(nn::Module& model, std::span<const Fit> fits, const Tensor& images) {
  std::vector<nn::Module*> order;
  const NoGrad no_grad;
  const nn::Observer observer([&](nn::Module& module, const Tensor&) {
    const bool wanted =
        std::any_of(fits.begin(), fits.end(), [&](const Fit& f) { return f.owner == &module; });
    if (wanted && std::find(order.begin(), order.end(), &module) == order.end()) order.push_back(&module);
  });
  model(images);
  return order;
}

Channels channels_of(const nn::Module& layer, const Tensor& output) {
  if (output.rank() < 2) return {output.numel(), 1};
  int most = 0;
  for (const auto& own : layer.own_parameters()) most = std::max(most, own->value.rank());
  const bool rows = most == 2 || dynamic_cast<const nn::LayerNorm*>(&layer) != nullptr;
  const int dimension = rows ? output.rank() - 1 : 1;
  Index area = 1;
  for (int d = dimension + 1; d < output.rank(); ++d) area *= output.size(d);
  return {output.size(dimension), area};
}

Tensor output_of(nn::Module& model, const nn::Module& layer, const Tensor& images, const std::string& name) {
  Tensor output;
  const NoGrad no_grad;
  try {
    const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
      if (&module != &layer) return;
      output = out;
      throw Reached();
    });
    model(images);
  } catch (const Reached&) {
  }
  const auto finite = [](real x) { return std::isfinite(x); };
  if (!std::all_of(output.values().begin(), output.values().end(), finite))
    fail("the layer of '{}' gives numbers that are not finite on the batch; is every input finite?", name);
  return output;
}

}  // namespace fanin::start
