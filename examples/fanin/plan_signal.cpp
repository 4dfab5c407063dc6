#include "examples/fanin/plan_signal.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/io/finite_json.hpp>

namespace fanin::program {
namespace {

using nlohmann::ordered_json;

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : "∞"; }

/// Layers until something has changed tenfold.
std::string layers(double count) { return std::isfinite(count) ? fmt::format("{:.1f}", count) : "never"; }

std::string layer_of(const std::string& weight) { return weight.substr(0, weight.rfind('.')); }

/// A prediction, with what may be said against it.
std::string prediction(const start::OpForecast& op) {
  return (op.by_rule ? "" : "~") + number(op.predicted) +
         (op.unsure > 0 ? fmt::format("±{:.0f}%", 100 * op.unsure) : "");
}

void print_depths(const PlanSignal& signal) {
  const auto depths = start::depths_of(signal.ops);
  if (depths.empty()) return;
  text::TextTable table({{"activation"},
                         {"target", true},
                         {"sigma*", true},
                         {"signal", true},
                         {"tenfold after", true},
                         {"gradient", true},
                         {"tenfold after", true},
                         {"depth"}});
  for (const auto& one : depths) {
    const init::SecondMomentDepth& depth = one.second;
    if (depth.verdict == init::DepthVerdict::infeasible) {
      table.add({one.first, number(depth.target), "-", "-", "-", "-", "-", init::name_of(depth.verdict)});
      continue;
    }
    table.add({one.first, number(depth.target), number(depth.sigma), number(depth.slope),
               layers(depth.tenfold), number(depth.chi), layers(depth.gradient_tenfold),
               init::name_of(depth.verdict)});
  }
  say("\n");
  say_prose(
      "what depth does where each layer has its activation's target: factors a layer on a small error of the "
      "signal's second moment, and on the gradient's (chi_1)\n");
  say("{}", table.to_string(output_width()));
}

}  // namespace

Tensor white_batch(const Shape& shape) {
  const Index samples = std::clamp<Index>((Index{1} << 20) / std::max<Index>(shape.numel(), 1), 2, 64);
  Shape batch{samples};
  for (int d = 0; d < shape.rank(); ++d) batch.append(shape[d]);
  Tensor noise(batch);
  Generator generator(0);
  generator.normal(noise.values(), 0, 1);
  return noise;
}

PlanSignal signal_on(nn::Module& model, const Tensor& images, const std::string& data) {
  return {fmt::format("{} of {}", text::counted(static_cast<std::size_t>(images.size(0)), "sample"), data),
          start::forecast(model, images, start::signal_of(images, std::min<Index>(2, images.size(0))))};
}

PlanSignal signal_on_noise(nn::Module& model, const Shape& shape) {
  const Tensor noise = white_batch(shape);
  Shape two = noise.shape();
  two.set(0, 2);
  return {fmt::format("{} of white noise", text::counted(static_cast<std::size_t>(noise.size(0)), "sample")),
          start::forecast(model, noise, start::white_noise(two))};
}

void print_signal(const PlanSignal& signal) {
  text::TextTable table({{"layer"},
                         {"op"},
                         {"until the next layer"},
                         {"target", true},
                         {"predicted", true},
                         {"measured", true}});
  bool measured = false, unsure = false;
  for (const auto& op : signal.ops) {
    table.add({layer_of(op.weight), op.kind, op.path, op.target ? number(*op.target) : "", prediction(op),
               number(op.measured)});
    measured = measured || !op.by_rule;
    unsure = unsure || op.unsure > 0;
  }
  say("\n");
  say_prose("second moment of every op's output, from theory and on {}\n", signal.batch);
  say("{}", table.to_string(output_width()));
  if (measured)
    say("~ rests on a measurement: theory has no rule for the op or for one before it,\n"
        "  or its weights are none that were drawn independently with mean 0\n");
  if (unsure) say("± the correlation of what is added could not be followed\n");
  print_depths(signal);
}

ordered_json signal_json(const PlanSignal& signal) {
  ordered_json ops = ordered_json::array(), depths = ordered_json::array();
  for (const auto& op : signal.ops) {
    std::vector<Index> sizes;
    for (int d = 0; d < op.shape.rank(); ++d) sizes.push_back(op.shape[d]);
    ops.push_back({{"op", op.kind},
                   {"weight", op.weight.empty() ? ordered_json(nullptr) : ordered_json(op.weight)},
                   {"path", op.path},
                   {"shape", sizes},
                   {"target", op.target ? ordered_json(*op.target) : ordered_json(nullptr)},
                   {"predicted", op.predicted},
                   {"measured", op.measured},
                   {"by_rule", op.by_rule},
                   {"unsure", op.unsure}});
  }
  for (const auto& one : start::depths_of(signal.ops)) {
    const init::SecondMomentDepth& depth = one.second;
    const bool feasible = depth.verdict != init::DepthVerdict::infeasible;
    const auto known = [&](double value) {
      return feasible ? io::finite_or_null(value) : ordered_json(nullptr);
    };
    depths.push_back({{"activation", one.first},
                      {"target", depth.target},
                      {"sigma", known(depth.sigma)},
                      {"slope", known(depth.slope)},
                      {"tenfold_layers", known(depth.tenfold)},
                      {"chi", known(depth.chi)},
                      {"gradient_tenfold_layers", known(depth.gradient_tenfold)},
                      {"verdict", init::name_of(depth.verdict)}});
  }
  return {{"batch", signal.batch}, {"ops", ops}, {"depth", depths}};
}

}  // namespace fanin::program
