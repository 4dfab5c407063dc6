#include <algorithm>
#include <optional>

#include <fanin/start/data_dependent.hpp>
#include <fanin/start/fit_targets.hpp>
#include <fanin/start/propagation.hpp>
#include <fanin/start/schemes.hpp>
#include <fanin/start/solve_scale.hpp>

namespace fanin::start {
namespace {

/// Two samples, as few as batch statistics can be taken of; their numbers only reach ops without a rule. Of rows
/// without features (indices, which a table is looked up by) those of the batch.
Tensor noise_like(const Tensor& images) {
  if (images.rank() < 2) return images.view_rows(0, std::min<Index>(2, images.size(0)));
  Shape shape = images.shape();
  shape.set(0, 2);
  Tensor noise(shape);
  Generator generator(0);
  generator.normal(noise.values(), 0, 1);
  return noise;
}

std::vector<std::string> fit_analytic(const Fitting& fitting) {
  nn::Module& model = fitting.model;
  const Tensor noise = noise_like(fitting.samples.images);
  Signal input = white_noise(noise.shape());
  input.second.fill(static_cast<real>(fitting.fits.front().scheme.options<AnalyticOptions>().input));
  Graph graph = traced(model, noise);
  std::optional<Propagation> signals;
  signals.emplace(graph, input);
  const auto asked = [](const Fit& fit) { return fit.scheme.options<AnalyticOptions>().target; };
  return fit_targets(fitting, graph, asked, [&](const LayerTarget& target, const Fit& fit) {
    const auto moment_at = [&](double factor) {
      signals->scale(fit.name, factor);
      signals->run(target.layer, target.at + 1);
      return signals->of(target.at).second_average();
    };
    const auto factor = solve_scale(target.target, 1e-4, moment_at);
    signals->scale(fit.name, 1);
    if (factor) scale(fit.parameter->value.values(), *factor);
    const auto measured = [&] {
      for (std::size_t i = target.layer; i < graph.ops.size(); ++i)
        if (signals->of(i).measured) return true;
      return false;
    };
    if (factor && measured()) {  // what was measured has changed with the weight
      graph = traced(model, noise);
      signals.emplace(graph, input);
    } else {
      signals->run(target.layer, graph.ops.size());
    }
    return factor.has_value();
  });
}

}  // namespace

init::Initializer analytic(const AnalyticOptions& options) { return init::Initializer("analytic", options); }

init::SchemeInfo analytic_scheme() {
  return {
      .name = "analytic",
      .options =
          {{"target",
            &AnalyticOptions::target,
            "second moment behind each activation; 0: 1, or the middle of what the activation can have",
            {.least = 0}},
           {"input", &AnalyticOptions::input, "second moment of the model's input", {.least = 1e-12}},
           init::base_option(&AnalyticOptions::base)},
      .summary =
          "each layer scaled by theory so that the second moment behind its activation is 1, or the middle of its "
          "range; of the batch it takes the shape alone",
      .formula =
          "w ~ base; the ops of one pass are recorded, and for each the first two moments of what it gives follow from "
          "those of what it takes; w ← s w with E[f(…)²] = target behind the activation that follows, targets as "
          "empirical's",
      .paper =
          "Bingham & Miikkulainen 2023, AutoInit: analytic signal-preserving weight initialization for neural "
          "networks (AAAI); here along the recorded graph, with correlations, and by the scale of the weights as drawn",
      .use = "any activation and graph, where no data is to be looked at; wide layers",
      .fails =
          "narrow layers, whose draw is far from the limit of great width; inputs whose second moment is not `input`; an "
          "op without a rule (softmax, matmul, …) gives what it gave to white noise; weights that are not independent "
          "with mean 0",
      .least_rank = 2,
      .fill = fill_by_base,
      .fit = fit_analytic,
      .fits_shape_alone = true};
}

}  // namespace fanin::start
