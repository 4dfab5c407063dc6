#include <algorithm>
#include <unordered_map>

#include <fanin/nn/residual.hpp>
#include <fanin/start/sites.hpp>

namespace fanin::start {
namespace {

bool is_weight_layer(nn::Module& module) {
  const auto& own = module.own_parameters();
  return std::any_of(own.begin(), own.end(),
                     [](const auto& p) { return p->role() == init::Role::weight && p->value.rank() >= 2; });
}

struct InBranch {
  Index layer = 0, layers = 0;
};

}  // namespace

std::vector<init::Site> sites_of(nn::Module& model) {
  init::Site common{.layer = -1, .layers = 0};
  std::unordered_map<const nn::Module*, Index> position;
  std::unordered_map<const nn::Module*, InBranch> branches;
  for (const auto& [name, module] : model.named_modules()) {
    if (is_weight_layer(*module)) position.emplace(module, common.layers++);
    auto* residual = dynamic_cast<nn::Residual*>(module);
    if (!residual) continue;
    ++common.branches;
    common.scaled_branches += residual->branch_weight != nullptr;
    std::vector<const nn::Module*> layers;
    for (const auto& below : residual->body().named_modules())
      if (is_weight_layer(*below.module)) layers.push_back(below.module);
    for (std::size_t i = 0; i < layers.size();
         ++i)  // a block within a block overrides the outer one, which came before
      branches[layers[i]] = {static_cast<Index>(i), static_cast<Index>(layers.size())};
  }
  std::vector<init::Site> sites;
  for (const auto& [name, parameter, owner] : model.named_parameters()) {
    init::Site& site = sites.emplace_back(common);
    site.name = name;
    site.role = parameter->role();
    site.fans = parameter->fans;
    if (const auto found = position.find(owner); found != position.end()) site.layer = found->second;
    if (const auto found = branches.find(owner); found != branches.end()) {
      site.branch_layer = found->second.layer;
      site.branch_layers = found->second.layers;
    }
  }
  return sites;
}

}  // namespace fanin::start
