#include <fmt/core.h>

#include <fanin/nn/activation.hpp>
#include <fanin/probe/schemes.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::probe {

Probed probe_scheme(nn::Module& model, const std::string& scheme, const init::Plan& plan,
                    const data::Batch& batch, std::uint64_t seed, double lr) {
  Generator generator(seed);
  start::forget(model);
  start::initialize(model, plan, generator, batch.images, batch.labels);
  Probed one{.scheme = scheme, .plan = plan.to_string()};
  one.probe = probe(model, batch.images, batch.labels, {.lr = lr});
  one.diagnosis = diagnose(one.probe);
  return one;
}

std::vector<std::string> usual_schemes(nn::Module& model) {
  std::string activation;
  for (const auto& one : model.named_modules()) {
    if (const auto found = nn::activation_of(*one.module)) activation = nn::activation_name(*found);
  }
  std::vector<std::string> schemes = {"default",          "zeros",         "constant(0.05)",
                                      "normal(std=0.01)", "normal(std=1)", "lecun_normal",
                                      "xavier_uniform",   "xavier_normal", "kaiming_uniform",
                                      "kaiming_normal",   "orthogonal",    "orthogonal(gain=1.4142)"};
  if (activation == "tanh" || activation == "relu")
    schemes.push_back(fmt::format("edge_of_chaos(activation={})", activation));
  return schemes;
}

}  // namespace fanin::probe
