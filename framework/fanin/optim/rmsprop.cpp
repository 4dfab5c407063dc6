#include <fanin/kernels/optim/optimizer_step.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::optim {

UpdateRule rmsprop() {
  return {.name = "rmsprop",
          .momentum = &OptimizerOptions::momentum,
          .state =
              [](const OptimizerOptions& o) {
                return o.momentum > 0 ? std::vector<std::string>{"square_avg", "momentum"}
                                      : std::vector<std::string>{"square_avg"};
              },
          .step =
              [](const Slice& s) {
                kernels::rmsprop_step(s.count, s.w, s.g, s.state(0), nullptr, s.state(1),
                                      {.lr = s.lr,
                                       .alpha = s.options.alpha,
                                       .eps = s.options.eps,
                                       .weight_decay = s.weight_decay,
                                       .momentum = s.options.momentum});
              }};
}

}  // namespace fanin::optim
