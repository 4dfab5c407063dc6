#include <fanin/kernels/optim/optimizer_step.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::optim {

UpdateRule sgd() {
  return {.name = "sgd",
          .default_lr = 0.1,
          .adaptive = false,
          .plain = true,
          .momentum = &OptimizerOptions::momentum,
          .state =
              [](const OptimizerOptions& o) {
                return o.momentum > 0 ? std::vector<std::string>{"momentum"} : std::vector<std::string>{};
              },
          .step =
              [](const Slice& s) {
                kernels::sgd_step(s.count, s.w, s.g, s.state(0),
                                  {.lr = s.lr,
                                   .momentum = s.options.momentum,
                                   .dampening = s.options.dampening,
                                   .weight_decay = s.weight_decay,
                                   .nesterov = s.options.nesterov,
                                   .first = s.updates == 0});
              }};
}

}  // namespace fanin::optim
