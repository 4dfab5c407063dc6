#include <algorithm>

#include <fanin/autograd/node.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/probe/watch.hpp>

namespace fanin::probe {

std::vector<SeenLayer> watch_layers(nn::Module& model, const std::function<void()>& pass) {
  const auto modules = model.named_modules();
  std::vector<SeenLayer> seen;
  const nn::Observer observer([&](nn::Module& module, const Tensor& output) {
    if (!module.children().empty() || output.rank() < 2) return;
    retain_grad(output);
    if (module.has_matrix()) {
      const auto named =
          std::find_if(modules.begin(), modules.end(), [&](auto& one) { return one.module == &module; });
      seen.push_back({named == modules.end() ? module.kind() : named->name, {}, output, &module});
    } else if (!seen.empty() && seen.back().output.shape() == output.shape()) {
      seen.back().output = output;  // normalization or activation behind the layer
      if (const auto activation = nn::activation_of(module)) seen.back().activation = *activation;
    }
  });
  pass();
  return seen;
}

}  // namespace fanin::probe
