#include <algorithm>
#include <functional>
#include <map>

#include <fanin/core/fail.hpp>
#include <fanin/start/sites.hpp>
#include <fanin/start/width.hpp>

namespace fanin::start {
namespace {

/// The base width of the `mup` that drew a parameter; 0 for another scheme.
double base_width(const nn::Parameter& parameter) {
  const auto* mup = parameter.drawn_by ? parameter.drawn_by->options_if<init::MupOptions>() : nullptr;
  return mup ? mup->base_width : 0;
}

double matrix_scale(const Tensor& w, const init::Site& site, double base, bool adaptive) {
  const Index area = std::max<Index>(1, w.numel() / std::max<Index>(1, w.size(0) * w.size(1)));
  const double in = static_cast<double>(std::max<Index>(1, site.fans.in / area)) / base;
  if (site.first()) return adaptive || site.last() ? 1 : static_cast<double>(w.size(0)) / base;
  return adaptive || site.last() ? 1 / in : 1;
}

}  // namespace

std::vector<std::pair<std::string, double>> width_scales(nn::Module& model, const optim::UpdateRule& rule) {
  const auto parameters = model.named_parameters();
  const auto sites = sites_of(model);
  const bool adaptive = rule.adaptive;
  std::map<const nn::Module*, double> bases;
  for (const auto& one : parameters) {
    if (one.parameter->value.rank() >= 2) bases[one.owner] = base_width(*one.parameter);
  }
  std::vector<std::pair<std::string, double>> scales;
  double base = 0;  // of the layer at hand, or the one before a normalization
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, parameter, owner] = parameters[i];
    const Tensor& value = parameter->value;
    if (const auto found = bases.find(owner); found != bases.end()) base = found->second;
    double scale = 1;
    if (base > 0 && value.rank() >= 2) {
      scale = matrix_scale(value, sites[i], base, adaptive);
    } else if (base > 0 && !adaptive && value.numel() > 1 && !sites[i].last()) {
      scale = static_cast<double>(value.numel()) / base;
    }
    scales.emplace_back(name, scale);
  }
  return scales;
}

std::vector<optim::Group> by_width(nn::Module& model, const optim::UpdateRule& rule,
                                   std::vector<optim::Group> groups) {
  std::map<std::string, double> scales;
  bool all_one = true;
  for (const auto& [name, scale] : width_scales(model, rule)) {
    scales[name] = scale;
    all_one = all_one && scale == 1;
  }
  if (all_one) return groups;
  std::vector<optim::Group> split;
  for (const auto& group : groups) {
    std::map<double, optim::Group, std::greater<>> by_rate;
    for (const auto& one : group.parameters) {
      const auto found = scales.find(one.name);
      if (found == scales.end())
        fail("by_width: this model has no parameter '{}'; give groups of its own parameters", one.name);
      by_rate[found->second].parameters.push_back(one);
    }
    for (auto& [scale, part] : by_rate) {
      part.lr_scale = group.lr_scale * scale;
      part.decay_scale = group.decay_scale / scale;
      split.push_back(std::move(part));
    }
  }
  return split;
}

std::vector<optim::Group> by_width(nn::Module& model, const optim::UpdateRule& rule) {
  return by_width(model, rule, {{.parameters = model.named_parameters()}});
}

}  // namespace fanin::start
