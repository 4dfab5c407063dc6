#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/fit_targets.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/schemes.hpp>
#include <fanin/start/solve_scale.hpp>

namespace fanin::start {
namespace {

/// Thrown by the observer to end a forward pass at the op that was waited for.
struct Reached {};

/// Of the output of op `at` of the model's graph; the pass ends there.
double second_moment_at(nn::Module& model, std::size_t at, const Tensor& images) {
  const KeepGenerators same(model);  // the same masks in every pass
  const NoGrad no_grad;
  double moment = 0;
  std::size_t ran = 0;
  try {
    const OpObserver observer([&](const RanOp& op) {
      if (ran++ != at) return;
      moment = second_moment(op.output);
      throw Reached();
    });
    model(images);
  } catch (const Reached&) {
  }
  return moment;
}

std::vector<std::string> fit_empirical(const Fitting& fitting) {
  const Tensor& images = fitting.samples.images;
  const Graph graph = traced(fitting.model, images.view_rows(0, std::min<Index>(images.size(0), 2)));
  const auto asked = [](const Fit& fit) { return fit.scheme.options<EmpiricalOptions>().target; };
  return fit_targets(fitting, graph, asked, [&](const LayerTarget& target, const Fit& fit) {
    Tensor& weight = fit.parameter->value;
    const Tensor drawn = weight.clone();
    const auto scaled_by = [&](double factor) {
      weight.copy_from(drawn);
      scale(weight.values(), factor);
      return second_moment_at(fitting.model, target.at, images);
    };
    if (!std::isfinite(scaled_by(1)))
      fail("the layer of '{}' gives numbers that are not finite on the batch; is every input finite?",
           fit.name);
    if (solve_scale(target.target, fit.scheme.options<EmpiricalOptions>().tolerance, scaled_by)) return true;
    weight.copy_from(drawn);
    return false;
  });
}

}  // namespace

init::Initializer empirical(const EmpiricalOptions& options) {
  return init::Initializer("empirical", options);
}

init::SchemeInfo empirical_scheme() {
  return {
      .name = "empirical",
      .options =
          {{"target",
            &EmpiricalOptions::target,
            "second moment behind each activation; 0: 1, or the middle of what the activation can have",
            {.least = 0}},
           {"tolerance",
            &EmpiricalOptions::tolerance,
            "how near is near enough, relative to the target",
            {.least = 1e-6, .most = 1}},
           init::base_option(&EmpiricalOptions::base)},
      .summary =
          "each layer in turn scaled so that on a batch the second moment behind its activation is 1, or the middle "
          "of its range",
      .formula =
          "w ~ base; for each layer in the order they run: w ← s w with E[f(…)²] = target behind the activation that "
          "follows, through pools and dropout; 0.5 behind tanh, 0.375 behind sigmoid; 1 of the layer's own output "
          "where a normalization, a fork or the end follows; branches share the sum they meet in, those of plain "
          "shortcuts add 1/shortcuts",
      .paper =
          "Mishkin & Matas 2015 (the procedure); Bingham & Miikkulainen 2023, AutoInit (signals followed through the "
          "graph); He et al. 2015 (the target)",
      .use =
          "nets of any activation and graph, on data that is at hand: it fits this draw, so no width is too small",
      .fails =
          "a batch unlike the data; a layer that is dead on it is left as drawn; it sees the second moment alone: "
          "two inputs may still become alike with depth, and gradients take what they get",
      .least_rank = 2,
      .fill = fill_by_base,
      .fit = fit_empirical};
}

}  // namespace fanin::start
